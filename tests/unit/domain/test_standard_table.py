from __future__ import annotations

import pytest
from tests.unit.validation.samples import ASSISTANCE, STANDARDS, TAX

from kakehashi.domain.standard_table import parse_code_list, parse_standard
from kakehashi.errors import ConfigurationError

HEADER = "code,name,type,digits,decimals,occurs,required,codes,absence\n"


def _load(table, codes="code,name\n1,一\n2,二\n"):
    return parse_standard(
        table,
        file="v3.csv",
        info_name="TM99000000000009",
        version="3",
        code_lists=lambda name: parse_code_list(codes, file="kind.csv") if name == "kind" else None,
    )


def test_the_profile_has_four_data_sets():
    """Local tax with at least 25 items, public assistance, child allowance, resident and household."""
    assert sorted(STANDARDS) == [f"TM9900000000000{number}" for number in (1, 2, 3, 4)]
    assert len(TAX.items) >= 25
    assert max(item.digits for item in TAX.items if item.type != "text") <= 11
    assert next(item for item in ASSISTANCE.items if item.occurs > 1).code == "B0050"


def test_a_table_is_read_whole():
    """Columns become an item; the folder names the information, the file its version; a BOM is allowed."""
    standard = _load(HEADER + "A0010,区分,code,1,0,2,no,kind,1 9\nA0020,率,decimal,5,4,1,yes,,\n")
    assert (standard.info_name, standard.version, standard.element) == ("TM99000000000009", "3", "TM99000000000009v3")
    kind, rate = standard.items
    assert (kind.codes, kind.absence, kind.occurs, kind.required) == ({"1", "2"}, {"1", "9"}, 2, False)
    assert (rate.codes, rate.absence, rate.digits, rate.decimals) == (None, frozenset(), 5, 4)


WRONG = [
    ("A 1,名,text,10,0,1,yes,,", "code"),
    ("A0010,,text,10,0,1,yes,,", "name"),
    ("A0010,名,string,10,0,1,yes,,", "type"),
    ("A0010,名,text,0,0,1,yes,,", "digits"),
    ("A0010,名,text,ten,0,1,yes,,", "digits"),
    ("A0010,名,integer,12,0,1,yes,,", "digits"),
    ("A0010,名,digits,12,0,1,yes,,", "digits"),
    ("A0010,名,integer,5,2,1,yes,,", "decimals"),
    ("A0010,名,decimal,5,5,1,yes,,", "decimals"),
    ("A0010,名,text,5,0,0,yes,,", "occurs"),
    ("A0010,名,text,5,0,1,maybe,,", "required"),
    ("A0010,名,code,1,0,1,yes,,", "codes"),
    ("A0010,名,code,1,0,1,yes,nothing,", "codes"),
    ("A0010,名,text,5,0,1,yes,kind,", "codes"),
    ("A0010,名,text,5,0,1,yes,,1;2", "absence"),
    ("A0010,名,text,5,0,1,yes", "code"),
]


@pytest.mark.parametrize(("row", "column"), WRONG)
def test_a_wrong_cell_is_named_by_row_and_column(row, column):
    """A wrong cell is a CFG-008 with file, row and column."""
    with pytest.raises(ConfigurationError) as caught:
        _load(f"{HEADER}A0005,名,text,5,0,1,yes,,\n{row}\n")
    fault = caught.value.faults[0]
    assert (fault.code, fault.place.file, fault.place.record, fault.place.item) == ("CFG-008", "v3.csv", 3, column)


def test_all_faults_come_at_once():
    """Sixteen wrong rows are at least sixteen faults in one error."""
    rows = "\n".join(row.replace("A0010", f"A{number:04}") for number, (row, _) in enumerate(WRONG, start=100))
    with pytest.raises(ConfigurationError) as caught:
        _load(HEADER + rows)
    assert {fault.place.record for fault in caught.value.faults} == set(range(2, 2 + len(WRONG)))


def test_wrong_headers_and_empty_tables_are_refused():
    """A table needs its header and a row."""
    for table in ("", "code,name\n", HEADER):
        with pytest.raises(ConfigurationError):
            _load(table)


def test_a_code_list_needs_its_columns_and_unique_codes():
    """Two rows with one code are a fault of the list."""
    for codes in ("x,y\n1,一\n", "code,name\n1,一\n1,二\n", "code,name\n全角,一\n"):
        with pytest.raises(ConfigurationError) as caught:
            _load(f"{HEADER}A0010,区分,code,1,0,1,yes,kind,\n", codes)
        assert caught.value.faults[0].place.file == "kind.csv"
