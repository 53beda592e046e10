"""「訂正」 One record with other values in some of its items; every other byte stays as it is, readable or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from kakehashi.codec.columns import Columns
from kakehashi.codec.framing import Frames
from kakehashi.codec.layout import Codec, Item, ItemType, Role, Value
from kakehashi.codec.members import members_of
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_codec import RecordCodec
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import Fault, InputError, Place

__all__ = ["corrected"]

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_NUMBERS = {ItemType.SIGNED, ItemType.PACKED, ItemType.ZONED, ItemType.BINARY}
_NAME = re.compile(r"(.+?)(?:\(([1-9][0-9]*)\))?")


def corrected(codec: Codec, body: BatchBody, changes: Mapping[str, str]) -> BatchBody:
    """`changes`: item → value as text; of one that repeats `item(2)`, of the parent `group.item`, nothing: empty.

    Raises InputError: CFG-006 for an item that the record has not, DEC-018, DEC-004, DEC-008 for a value that does not
    fit, and what is wrong with a record that has no such place. Never tells a value.
    """
    assert isinstance(codec, RecordCodec)
    parts = codec.parts_under(body.header)
    frames = parts.framing.cut(body.data)
    payloads = list(frames.payloads)
    for name, text in changes.items():
        plan, index, inner = _record(parts, frames, name)
        column = _column(plan.columns, name, inner)
        where = plan.columns.columns[column]
        try:
            raw = where.codec.write(_value(text, where.item))
        except InputError as error:
            raise InputError(Fault(error.fault.code, Place(item=name))) from None
        try:
            payloads[index] = plan.put(payloads[index], column, raw)
        except InputError as error:
            raise InputError(error.fault.at(item=name)) from None
    ends = [
        body.data[start + len(payload) : after]
        for start, payload, after in zip(frames.starts, frames.payloads, frames.starts[1:], strict=False)
    ]
    return BatchBody(body.header, b"".join(payload + end for payload, end in zip(payloads, ends, strict=True)))


def _record(parts: Parts, frames: Frames, name: str) -> tuple[RecordPlan, int, str]:
    """The plan of the record that has the item, which frame it is, and the item's name in it."""
    group = parts.plan(Role.GROUP)
    single = parts.classifier.single
    members = None if single else members_of(parts.types(frames, first=False))
    data = list(range(len(frames.payloads))) if members is None else members.data
    if len(data) != 1:
        raise InputError(Fault("DEC-014", facts={"records": len(data)}))
    prefix, _, inner = name.partition(".")
    if group is not None and members is not None and members.groups and prefix == group.record.name:
        return group, members.groups[0], inner
    return parts.data, data[0], name


def _column(columns: Columns, name: str, inner: str) -> int:
    found = _NAME.fullmatch(inner)
    item, occurrence = (found[1], int(found[2] or 1) - 1) if found else (inner, 0)
    for index, column in enumerate(columns.columns):
        if (column.item.name, column.occurrence) == (item, occurrence):
            return index
    raise InputError(Fault("CFG-006", Place(item=name)))


def _value(text: str, item: Item) -> Value:
    if not text:
        return None
    if item.type is ItemType.DATE:
        found = _DATE.fullmatch(text)
        if found is None:
            raise InputError(Fault("DEC-018", facts={"expected": "YYYY-MM-DD"}))
        year, month, day = found.groups()
        return HistoricDate(int(year), int(month) if month else None, int(day) if day else None)
    if item.type not in _NUMBERS:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InputError(Fault("DEC-005")) from None
    if not number.is_finite():
        raise InputError(Fault("DEC-005"))
    return number if item.decimals else _whole(number)


def _whole(number: Decimal) -> int:
    if number != number.to_integral_value():
        raise InputError(Fault("DEC-018", facts={"decimals": 0}))
    return int(number)
