"""Writing legacy files from values: what return files and `kakehashi encode` are made with."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.codec.households import household_layout
from tests.unit.codec.shapes import delimited, fixed, record, written, xml

from kakehashi.codec.compile import compile_encoder
from kakehashi.codec.layout import Role
from kakehashi.errors import InputError

ROWS = (("番号", "9", 5), ("氏名", "N", 6), ("額", "S9", 6, {"decimals": 2}))


def test_a_selector_is_written_without_being_given():
    """The record type knows its own mark."""
    write = compile_encoder(household_layout()).write
    assert write("end", {}).startswith(b"9")
    assert write("household", {"世帯番号": "7"}).startswith(b"300007")


@pytest.mark.parametrize(("layout", "raw"), [
    (fixed(*ROWS), "00007見　　000150"),
    (fixed(*ROWS, line=True), "00007見　　000150\r\n"),
    (delimited(*ROWS), "7,見,150\r\n"),
    (xml(*ROWS), "<対象者><番号>7</番号><氏名>見</氏名><額>150</額></対象者>\r\n"),
])  # fmt: skip
def test_one_record_of_each_kind(layout, raw):
    """With the separator of its format."""
    write = compile_encoder(layout).write
    assert write("data", {"番号": "7", "氏名": "見", "額": Decimal("1.5")}) == raw.encode("cp932")


@pytest.mark.parametrize("layout", [fixed(*ROWS), delimited(*ROWS), xml(*ROWS)])
@pytest.mark.parametrize(
    ("row", "item", "code"),
    [
        ({"番号": "123456"}, "番号", "DEC-018"),
        ({"番号": "1", "氏名": "ABC"}, "氏名", "DEC-008"),
        ({"番号": "1", "氏名": "𠮷"}, "氏名", "DEC-004"),
        ({"番号": "1", "氏名": "見", "額": "x"}, "額", "DEC-018"),
        ({"番号": "1", "住所": "x"}, "住所", "DEC-018"),
    ],
)
def test_a_value_that_does_not_fit_names_its_item(layout, row, item, code):
    """Nothing is cut or replaced; an item that the layout does not have is a mistake, not a comment."""
    with pytest.raises(InputError) as caught:
        written(layout, [row])
    assert (caught.value.fault.code, caught.value.fault.place.item) == (code, item)


def test_missing_occurrences_are_nothing_and_too_many_are_refused():
    """A repeated item takes up to as many values as it has places."""
    layout = fixed(("種別", "X", 2, {"repeat": 3}))
    assert written(layout, [{"種別": ("A",)}]) == b"A     "
    with pytest.raises(InputError) as caught:
        written(layout, [{"種別": ("A",) * 4}])
    assert caught.value.fault.code == "DEC-018"


def test_gaps_between_items_are_blank():
    """In the charset of the layout: 20 or 40."""
    for charset, blank in (("cp932", b" "), ("cp930", b"\x40")):
        made = record("data", Role.DATA, ("番号", "9", 2))
        layout = fixed(("番号", "9", 2), charset=charset)
        wider = layout.__class__(
            name="gap",
            charset=charset,
            format=layout.format,
            records=(made.__class__(name="data", role=Role.DATA, items=made.items, length=4),),
        )
        assert written(wider, [{"番号": "12"}])[2:] == blank * 2
