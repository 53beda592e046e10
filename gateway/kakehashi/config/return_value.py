"""Where a value of a result file comes from, and how it becomes the type of its item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from kakehashi.codec.layout import Item, ItemType, Value
from kakehashi.config.return_plan import ReturnContext
from kakehashi.domain.japanese_date import DATE_FORMS, HistoricDate, format_date, parse_date
from kakehashi.errors import Fault, InputError, Place
from kakehashi.mapping.number_converters import decimal_of, whole

__all__ = [
    "NOTICE_VARIABLES",
    "NUMBER_VARIABLES",
    "VARIABLES",
    "Getter",
    "answer",
    "as_item",
    "echo",
    "literal",
    "variable",
]

Getter = Callable[[Sequence[Value] | None, ReturnContext], Value]

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "$result": "1 accepted, 9 refused or waiting",
        "$code": "our code of the fault, or the server's where the server refused; empty when accepted",
        "$server_code": "the server's own code",
        "$record_no": "number of the record in its file, from 1",
        "$accepted": "how many records were accepted",
        "$refused": "how many were refused",
        "$waiting": "how many still wait",
        "$file": "name of the file that brought the records",
        "$date": "the day of the result, yyyymmdd",
        "$status": "of an inquiry: found, partial, not-found, refused, no-symbol, in-process, expired, cancelled",
        "$url": "of an inquiry: where its result can be fetched, in place of the answer's items",
    }
)

NUMBER_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "$system": "the system whose number it is",
        "$atena": "its 宛名番号, 15 digits",
        "$unified": "the 団体内統合宛名番号 that was issued for it, 15 digits",
        "$since": "from which day on, yyyy-mm-dd",
        "$record_no": "number of the record in the file, from 1",
        "$count": "how many numbers the file holds",
        "$file": "name of the file",
        "$date": "the day on which it was made, yyyymmdd",
    }
)

NOTICE_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "$system": "the system that is told",
        "$atena": "its 宛名番号, 15 digits",
        "$event": "linked, moved-in, non-resident, naturalised, moved-out, died, changed, ended, released, described",
        "$since": "the day of the event, yyyy-mm-dd; empty where the registry did not say it",
        "$disclosure": "open, withheld or unknown; only what is open brings what follows",
        "$name": "the name in the register, where the change brought it",
        "$kana": "its reading",
        "$birth": "birthday, yyyy-mm-dd, yyyy-mm or yyyy",
        "$sex": "male, female or other",
        "$address": "the address",
        "$code": "why all of these are left out: one does not fit the layout (DEC-018, DEC-023); else empty",
        "$notice_no": "number of the notice: grows, is never given twice",
        "$record_no": "number of the record in the file, from 1",
        "$count": "how many notices the file holds",
        "$serial": "number of the file, of this system, from 1",
        "$file": "name of the file",
        "$date": "the day on which it was made, yyyymmdd",
    }
)


def variable(name: str) -> Getter:
    """The variable `name` of one of these tables."""
    attribute = name.removeprefix("$")
    return lambda _, context: getattr(context, attribute)


def echo(index: int) -> Getter:
    """An item of the legacy record; None where the record could not be read."""
    return lambda values, _: None if values is None else values[index]


def answer(code: str) -> Getter:
    """An item of the server's answer to an inquiry."""
    return lambda _, context: context.answers.get(code)


def literal(text: str) -> Getter:
    return lambda _values, _context: text


def as_item(item: Item) -> Callable[[Value], Value]:
    """(value) → what an encoder takes for `item`. Raises InputError MAP-001 for what cannot become that."""
    one = _one(item)

    def convert(value: Value) -> Value:
        try:
            if not isinstance(value, tuple):
                return one(value)
            if item.repeat == 1:
                return one(value[0] if len(value) == 1 else _several(value))
            return tuple(one(part) for part in value)
        except InputError as error:
            raise InputError(Fault("MAP-001", Place(item=item.name), error.fault.facts)) from None

    return convert


def _several(value: tuple[Value, ...]) -> Value:
    if not value:
        return None
    raise InputError(Fault("MAP-001", facts={"values": len(value), "expected": "first, concat, …"}))


def _one(item: Item) -> Callable[[Value], Value]:
    match item.type:
        case ItemType.DATE:
            return lambda value: _date(value, item.date)
        case ItemType.SIGNED | ItemType.PACKED | ItemType.ZONED | ItemType.BINARY:
            return lambda value: None if value is None or value == "" else _number(value, item.decimals)
        case ItemType.DIGITS | ItemType.HALFWIDTH | ItemType.FULLWIDTH:
            return lambda value: _text(value, item)
        case _:
            raise AssertionError(item.type)


def _number(value: Value, decimals: int) -> Value:
    return decimal_of(value) if decimals else whole(value)


def _text(value: Value, item: Item) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, HistoricDate):
        return format_date(value, item.date) if item.length <= DATE_FORMS[item.date] else value.iso()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _date(value: Value, form: str) -> HistoricDate | None:
    if value is None or value == "" or isinstance(value, HistoricDate):
        return value or None  # type: ignore[return-value]  # "" is nothing
    text = str(value)
    if len(text) == 7 and text[4] == "-":
        return parse_date(text.replace("-", ""), "yyyymm")
    iso = {10: "yyyy-mm-dd", 8: "yyyymmdd", 4: "yyyy"}.get(len(text))
    return parse_date(text, iso or form)
