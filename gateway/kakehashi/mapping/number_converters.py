"""Converters of numbers. Exact: int and Decimal, never float; what does not fit is refused, never rounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from kakehashi.mapping.step import Argument, Converter, Parameter, Step, Value, refusal

__all__ = ["NUMBER_CONVERTERS", "decimal_of", "whole"]

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,15})?")


def whole(value: Value) -> int:
    """A whole number from its digits (ASCII), or as it is."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    raise refusal(expected="a whole number")


def decimal_of(value: Value) -> Decimal:
    """A number from its digits (ASCII, with or without point), or as it is."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        return Decimal(value)
    raise refusal(expected="a number")


def _or_nothing(call: Callable[[Value], Value]) -> Step:
    """A step on numbers; empty text is no number and no fault."""
    return Step(call=lambda value: None if value == "" else call(value), may_be_none=True)


def _number(_: tuple[Argument, ...]) -> Step:
    return _or_nothing(whole)


def _decimal(arguments: tuple[Argument, ...]) -> Step:
    places = int(arguments[0])
    return _or_nothing(lambda value: Decimal(whole(value)).scaleb(-places))


def _scale(arguments: tuple[Argument, ...]) -> Step:
    places = int(arguments[0])

    def scale(value: Value) -> Value:
        scaled = decimal_of(value).scaleb(places)
        return int(scaled) if scaled == scaled.to_integral_value() else scaled

    return _or_nothing(scale)


def _sum(_: tuple[Argument, ...]) -> Step:
    def add(value: Value) -> Value:
        parts = (
            [decimal_of(part) for part in value if part is not None and part != ""] if isinstance(value, tuple) else []
        )
        total = sum(parts, Decimal(0))
        return None if not parts else int(total) if total == total.to_integral_value() else total

    return Step(call=add, may_be_none=True)


def _negate(_: tuple[Argument, ...]) -> Step:
    return _or_nothing(lambda value: -value if isinstance(value, int) else -decimal_of(value))


_N = Parameter(name="n", type="integer")

NUMBER_CONVERTERS = (
    Converter(name="number", meaning="Digits → whole number", build=_number, examples=(("number", "0042", 42),)),
    Converter(name="decimal", meaning="Digits → number with `n` implied decimal places", build=_decimal,
              parameters=(_N,), examples=(("decimal(2)", "12345", Decimal("123.45")),)),
    Converter(name="scale", meaning="× 10ⁿ, e.g. scale(3) for amounts in thousand yen 千円", build=_scale,
              parameters=(_N,), examples=(("scale(3)", 12, 12_000), ("scale(-1)", 15, Decimal("1.5")))),
    Converter(name="negate", meaning="With the other sign", build=_negate, examples=(("negate", 12, -12),)),
    Converter(name="sum", meaning="The sum of several sources, those without a value left out", build=_sum,
              combines=True, examples=(("sum", (1, None, "02"), 3),)),
)  # fmt: skip
