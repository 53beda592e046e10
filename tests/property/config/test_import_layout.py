"""Any sheet: rows that add up, or faults. Never another exception, never a length that is not there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kakehashi.cli.import_layout import _GUESSES
from kakehashi.config.import_layout import import_layout
from kakehashi.config.sheet import Sheet
from kakehashi.errors import ConfigurationError

HEADINGS = ["項番", "項目名", "属性", "桁数", "バイト数", "開始位置", "繰返", "小数", "備考", "レコード"]
CELLS = st.sampled_from([
    "", "", "1", "2", "2-1", "３", "10", "0", "9.2", "1000000", "X", "N", "9", "P", "D", "S9(5)V9(2)", "C(4)", "?",
    "世帯", "氏名", "　番号", "予備", "合計", "レコード長", "レコード長：12", "データ", "ヘッダ", "=A", *HEADINGS,
])  # fmt: skip
ROWS = st.lists(st.lists(CELLS, max_size=8), max_size=14)


@st.composite
def sheets(draw):
    """Headings somewhere in it, perhaps twice; cells merged downwards and sideways."""
    rows = draw(ROWS)
    for _ in range(draw(st.integers(0, 2))):
        rows.insert(draw(st.integers(0, len(rows))), draw(st.permutations(HEADINGS))[: draw(st.integers(2, 8))])
    places = st.tuples(st.integers(0, 14), st.integers(0, 7))
    return Sheet(
        draw(st.sampled_from(["", "データ"])),
        rows,
        above=draw(st.dictionaries(places, CELLS, max_size=3)),
        widths=draw(st.dictionaries(places, st.integers(1, 4), max_size=3)),
    )


@given(st.lists(sheets(), max_size=2), st.none() | st.integers(1, 30))
def test_any_sheet_becomes_rows_that_add_up_or_faults(pages, length):
    """Every row begins where the one before ends; every guess has words."""
    found, refused = None, None
    try:
        found = import_layout(pages, file="f", record_length=length)
    except ConfigurationError as error:
        refused = error
    if found is None:
        assert {fault.code for fault in refused.faults} <= {"CFG-004", "CFG-006", "CFG-007", "CFG-008", "CFG-011"}
        return
    at = dict.fromkeys(found.lengths, 1)
    for row in found.rows:
        assert int(row[5]) == at[row[0]]
        assert int(row[4]) >= 1
        at[row[0]] += int(row[4]) * int(row[6] or 1)
    assert {name: end - 1 for name, end in at.items()} == found.lengths
    assert length is None or set(found.lengths.values()) <= {length}
    assert all(guess.code in _GUESSES or guess.code.startswith("date ") for guess in found.guesses)
