"""A file of households and their members, with header, trailer and end: the layout of many tests."""

from __future__ import annotations

from tests.unit.codec.shapes import record

from kakehashi.codec.compile import compile_encoder
from kakehashi.codec.layout import Control, FileFormat, Kind, Layout, RecordFormat, Role

LENGTH = 20


def household_layout(charset="cp932", recfm=RecordFormat.F):
    return Layout(
        name="household",
        charset=charset,
        format=FileFormat(kind=Kind.FIXED, recfm=recfm, selector_start=0, selector_length=1),
        records=(
            record("header", Role.HEADER, ("区分", "9", 1), ("作成日", "D", 8), ("予備", "X", 11), selector="1"),
            record("household", Role.GROUP, ("区分", "9", 1), ("世帯番号", "9", 5), ("予備", "X", 14), selector="3"),
            record(
                "member", Role.DATA, ("区分", "9", 1), ("番号", "9", 5), ("額", "S9", 6), ("予備", "X", 8), selector="4"
            ),
            record(
                "trailer",
                Role.TRAILER,
                ("区分", "9", 1),
                ("件数", "9", 5),
                ("合計", "S9", 8),
                ("予備", "X", 6),
                selector="8",
            ),
            record("end", Role.END, ("区分", "9", 1), ("予備", "X", 19), selector="9"),
        ),
        controls=(Control(record="trailer", item="件数"), Control(record="trailer", item="合計", sum_of="額")),
    )


def plain_layout():
    """Header, data, trailer."""
    records = tuple(r for r in household_layout().records if r.role in {Role.HEADER, Role.DATA, Role.TRAILER})
    return Layout(name="plain", charset="cp932", format=household_layout().format, records=records,
                  controls=household_layout().controls)  # fmt: skip


def file_of(layout, groups, *, count=None, total=None, end=True):
    """Amounts by group; the trailer tells the truth unless told otherwise."""
    write = compile_encoder(layout).write
    amounts = [amount for group in groups for amount in group]
    out = [write("header", {"区分": "1", "作成日": "20260401"})]
    number = 0
    for index, group in enumerate(groups, start=1):
        if layout.record(Role.GROUP):
            out.append(write("household", {"区分": "3", "世帯番号": str(index)}))
        for amount in group:
            number += 1
            out.append(write("member", {"区分": "4", "番号": str(number), "額": amount}))
    totals = {"件数": len(amounts) if count is None else count, "合計": sum(amounts) if total is None else total}
    out.append(write("trailer", {"区分": "8"} | totals))
    if end and layout.record(Role.END):
        out.append(write("end", {"区分": "9"}))
    return out
