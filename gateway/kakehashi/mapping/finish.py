"""The last step of every rule: a value becomes the text of its data type, or is refused. Nothing is rounded or cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kakehashi.domain.japanese_date import OPEN, HistoricDate, Precision
from kakehashi.mapping.number_converters import decimal_of, whole
from kakehashi.mapping.step import Value, refusal

__all__ = ["FLAGS", "OPERATIONS", "date_finish", "decimal_finish", "integer_text", "plain_text"]

FLAGS: Mapping[object, str] = {"0": "0", "1": "1", 0: "0", 1: "1", None: "1", "": "1"}
"""Flags fail closed: unknown means not disclosed, not answered automatically."""
OPERATIONS: Mapping[object, str] = {"register": "register", "delete": "delete"}

_MOST_DATES = 100_000


def plain_text(value: Value) -> str:
    """Text as it is, numbers as their digits; a date needs a converter, for it has more than one text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (HistoricDate, tuple)) or value is None:
        raise refusal(expected="one text: add a converter")
    return str(value) if isinstance(value, int) else format(value, "f")


def integer_text(value: Value) -> str | None:
    """No leading zeros, no plus sign. Empty text is no value."""
    return None if value == "" else str(whole(value))


def decimal_finish(places: int) -> Callable[[Value], str | None]:
    """At most `places` decimal places: more are refused."""

    def decimal_text(value: Value) -> str | None:
        if value == "":
            return None
        number = decimal_of(value)
        text = format(number, "f")
        if not number.is_finite() or len(text.partition(".")[2]) > places:
            raise refusal(expected=f"at most {places} decimal places")
        return text

    return decimal_text


def _iso(value: Value) -> str | None:
    if value == "":
        return None
    if not isinstance(value, HistoricDate):
        raise refusal(expected="a date: add wareki or date(…)")
    return None if value.mark == OPEN else value.iso()


def date_finish(*, whole_day: bool = False) -> Callable[[Value], str | None]:
    """ISO text, as precise as the date is; `whole_day`: refused unless known to the day.

    Dates repeat and codecs share their objects, so what was written is remembered: one memory for each rule, bounded;
    an entry counts only for the very object that made it.
    """
    known: dict[str, tuple[HistoricDate, str | None]] = {}

    def date_text(value: Value) -> str | None:
        if not isinstance(value, HistoricDate):
            return _iso(value)
        entry = known.get(value.written)
        if entry is not None and entry[0] is value:
            return entry[1]
        text = _iso(value)
        if whole_day and text is not None and value.precision is not Precision.DAY:
            raise refusal(expected="a date known to the day")
        if len(known) >= _MOST_DATES:
            known.clear()
        known[value.written] = (value, text)
        return text

    return date_text
