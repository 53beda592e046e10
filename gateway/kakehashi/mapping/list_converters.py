"""Converters of several values: more than one source, or an item that repeats."""

from __future__ import annotations

from decimal import Decimal

from kakehashi.mapping.step import Argument, Converter, Parameter, Step, Value
from kakehashi.mapping.text_converters import text

__all__ = ["LIST_CONVERTERS"]


def _values(value: Value) -> list[Value]:
    """The parts that hold something, repeating items laid flat."""
    if not isinstance(value, tuple):
        return [] if value is None or value == "" else [value]
    return [part for inner in value for part in _values(inner)]


def _concat(arguments: tuple[Argument, ...]) -> Step:
    separator = str(arguments[0])

    def join(value: Value) -> Value:
        if isinstance(value, tuple):
            parts = [part for part in value if part is not None and part != ""]
            if all(part.__class__ is str for part in parts):
                return separator.join(parts) or None  # type: ignore[arg-type]  # nothing but str
        return separator.join(map(text, _values(value))) or None

    return Step(call=join, may_be_none=True, takes_none=True, text=True)


def _pick(position: int) -> Step:
    def pick(value: Value) -> Value:
        values = _values(value)
        return values[position] if -len(values) <= position < len(values) else None

    return Step(call=pick, may_be_none=True, takes_none=True)


def _item(arguments: tuple[Argument, ...]) -> Step:
    position = int(arguments[0]) - 1

    def pick(value: Value) -> Value:
        return value[position] if isinstance(value, tuple) and position < len(value) else None

    return Step(call=pick, may_be_none=True, takes_none=True)


def _count(value: Value) -> Value:
    return len(_values(value))


LIST_CONVERTERS = (
    Converter(name="concat", meaning="The texts one after the other, `separator` between; empty ones left out",
              build=_concat, parameters=(Parameter(name="separator", default=""),), combines=True,
              examples=(('concat(" ")', ("山田", None, "太郎"), "山田 太郎"), ("concat", ("1", "2"), "12"))),
    Converter(name="first", meaning="The first that holds something", build=lambda _: _pick(0), combines=True,
              examples=(("first", (None, "B", "C"), "B"),)),
    Converter(name="last", meaning="The last that holds something", build=lambda _: _pick(-1), combines=True,
              examples=(("last", ("A", "B", None), "B"),)),
    Converter(name="item", meaning="The `n`-th (from 1), whether it holds something or not", build=_item,
              parameters=(Parameter(name="n", type="integer"),), combines=True,
              examples=(("item(2)", (Decimal(1), Decimal(2)), Decimal(2)), ("item(3)", ("A",), None))),
    Converter(name="count", meaning="How many hold something", build=lambda _: Step(call=_count, takes_none=True),
              combines=True, examples=(("count", ("A", None), 1),)),
)  # fmt: skip
