"""Results go back in each system's own format."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kakehashi.codec.layout import Role
from kakehashi.config.loader import load
from kakehashi.config.model import ReturnContext
from kakehashi.domain.batch import BatchBody

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def routes():
    return load(ROOT / "config").routes


def _first_row(route, case):
    data = (ROOT / "config" / "routes" / route.name / "cases" / case / "input.dat").read_bytes()
    split = route.codec.split(io.BytesIO(data), batch_records=200, file="input.dat")
    part = split.slices[0]
    body = BatchBody(split.header, data[part.offset : part.offset + part.length])
    return route.codec.decode(body, file="input.dat", first_record=1, offset=part.offset).rows[0]


def _written(route, role, row, **known):
    record = route.return_plan.record(role)
    context = ReturnContext(date="20260702", **known)
    return route.return_plan.encoder.write(record.name, record.row(row, context))


def test_the_tax_system_gets_fixed_records_in_cp932(routes):
    """80 bytes: 宛名番号, year, 1 or 9, the code, the number of the record in its file; then a trailer with counts."""
    route = routes["tax-levy"]
    row = _first_row(route, "01-normal")
    data = _written(route, Role.DATA, row, result="9", code="MAP-002", record_no=12)
    assert data == b"2000000010000001" + b"2026" + b"9" + b"MAP-002 " + b"00000012" + b" " * 43
    trailer = _written(route, Role.TRAILER, None, accepted=7, refused=2, waiting=1)
    assert trailer == b"8" + b"00000007" + b"00000002" + b"00000001" + b" " * 55


def test_the_registry_gets_host_text(routes):
    """80 bytes of CP930: digits F0–F9, spaces 40."""
    route = routes["registry-household"]
    row = _first_row(route, "01-household")
    data = _written(route, Role.DATA, row, result="1", record_no=1)
    assert len(data) == 80
    assert data[:16] == bytes.fromhex("f2" + "f0" * 5 + "f4" + "f0" * 8 + "f1")
    assert data[16:26] == bytes.fromhex("f0" * 8 + "f4f2")
    assert data.endswith(b"\x40" * 10)


def test_an_inquiry_gets_279_columns_without_a_title(routes):
    """Column 2 is the 宛名番号; the items of the answer follow; what has no value is an empty column."""
    route = routes["welfare-inquiry"]
    row = _first_row(route, "01-normal")
    answers = {"A0010": "2026", "A0050": "4050000", "A0340": "修正申告による更正"}
    line = _written(route, Role.DATA, row, result="1", record_no=3, status="found", answers=answers)
    columns = line.decode("cp932").removesuffix("\r\n").split(",")
    assert len(columns) == 279
    assert columns[1] == "000002000001801"
    assert columns[8] == "2026"
    assert columns[12] == "4050000"
    assert columns[9] == ""
    assert columns[41] == "修正申告による更正"


def test_the_answer_to_an_inquiry_that_was_refused_has_its_code(routes):
    """The same 279 columns, 9 and the code in them."""
    route = routes["welfare-inquiry"]
    line = _written(route, Role.DATA, None, result="9", code="DEC-017", record_no=3)
    columns = line.decode("cp932").removesuffix("\r\n").split(",")
    assert len(columns) == 279
    assert (columns[0], columns[3], columns[5]) == ("9", "3", "DEC-017")


def test_the_welfare_system_gets_xml_in_shift_jis(routes):
    """Declared as Shift_JIS, one element a record."""
    route = routes["welfare-assistance"]
    encoder = route.return_plan.encoder
    row = _first_row(route, "01-normal")
    text = (encoder.prologue + _written(route, Role.DATA, row, result="1", record_no=1) + encoder.epilogue).decode(
        "cp932"
    )
    assert "Shift_JIS" in text.split("\n", 1)[0]
    assert "<結果>" in text
    assert "<ケース番号>2600000001</ケース番号>" in text


def test_a_persons_number_never_goes_back(routes):
    """The link extract is answered without any item that holds a 個人番号."""
    plan = routes["registry-persons"].return_plan
    assert "個人番号" not in {item.name for record in plan.layout.records for item in record.items}
