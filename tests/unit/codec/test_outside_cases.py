"""Files of other projects in ../shared/cases (NOTICE there): read when the folder is there, shipped never."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.codec.shapes import decode_file, split

from kakehashi.codec.layout import Control, FileFormat, Item, ItemType, Kind, Layout, Record, RecordFormat, Role

ZENGIN = Path(__file__).parents[4] / "shared" / "cases" / "zengin4j"
FIELD = re.compile(r"   (?P<name>\w+) +\[(?P<start>\d+)\+(?P<length>\d+)\] (?P<value>.*)")
RECORD = re.compile(r"-- record \d+ (?P<type>\w+) @(?P<offset>\d+)")


def expected_records():
    """(type, offset, {name: (start, length, value)}) of each record, as zengin4j prints them."""
    records = []
    for line in (ZENGIN / "sougou-furikomi.expected.txt").read_text(encoding="utf-8").splitlines():
        if found := RECORD.match(line):
            records.append((found["type"], int(found["offset"]), {}))
        elif records and (found := FIELD.match(line)):
            value = "" if found["value"] == "(empty)" else found["value"]
            records[-1][2][found["name"]] = (int(found["start"]), int(found["length"]), value)
    return records


def transfer_layout(records):
    """Items of each type where the expectation has them; amounts are digits, so that they can be added up."""
    types = []
    for name, role, selector in (
        ("HEADER", "header", "1"),
        ("DATA", "data", "2"),
        ("TRAILER", "trailer", "8"),
        ("END", "end", "9"),
    ):
        fields = next(fields for kind, _, fields in records if kind == name)
        items = tuple(
            Item(
                name=item,
                type=ItemType.DIGITS if item in {"amount", "recordCount", "totalAmount"} else ItemType.HALFWIDTH,
                length=length,
                start=start,
            )
            for item, (start, length, _) in fields.items()
        )
        types.append(Record(name=name, role=Role(role), items=items, length=120, selector=selector))
    return Layout(
        name="sougou-furikomi",
        charset="cp932",
        format=FileFormat(
            kind=Kind.FIXED, recfm=RecordFormat.LINE, separator="cr", selector_start=0, selector_length=1
        ),
        records=tuple(types),
        controls=(
            Control(record="TRAILER", item="recordCount"),
            Control(record="TRAILER", item="totalAmount", sum_of="amount"),
        ),
    )


def test_a_zengin_transfer_file_is_read_field_by_field():
    """総合振込: 120 bytes and CR, half-width kana, count and total in the trailer. Values as zengin4j reads them."""
    if not ZENGIN.exists():
        return
    records = expected_records()
    layout = transfer_layout(records)
    data = (ZENGIN / "sougou-furikomi.txt").read_bytes()
    whole, rows, faults = decode_file(layout, data)
    assert (whole.faults, faults) == ((), [])
    wanted = [fields for kind, _, fields in records if kind == "DATA"]
    width = len(layout.data.items)
    assert [row[:width] for row in rows] == [tuple(value for _, _, value in fields.values()) for fields in wanted]
    assert whole.slices[0].offset == next(offset for kind, offset, _ in records if kind == "DATA")


def test_a_wrong_total_holds_a_zengin_transfer_file():
    """One yen more in one record is found."""
    if not ZENGIN.exists():
        return
    data = (ZENGIN / "sougou-furikomi.txt").read_bytes()
    layout = transfer_layout(expected_records())
    assert [f.code for f in split(layout, data.replace(b"0000054878", b"0000054879")).faults] == ["DEC-011"]
