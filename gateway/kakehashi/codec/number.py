"""Numbers with implied decimals, exact: an int, or a Decimal when the item has decimals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, localcontext
from itertools import repeat
from operator import mul

from kakehashi.codec.layout import Value
from kakehashi.codec.text_form import damage

__all__ = ["scaled", "scaled_texts", "scaled_values", "unscaled"]

_EXACT = Context(prec=400, traps=[Inexact])


def scaled(number: int, decimals: int) -> int | Decimal:
    """`number` with its last `decimals` digits behind the point (made from text: no context can round it)."""
    return Decimal(f"{number}E-{decimals}") if decimals else number


def scaled_texts(texts: Sequence[str], decimals: int) -> Sequence[Value]:
    """`scaled` of many integers as text. Raises ValueError or ArithmeticError for a text that is none."""
    if not decimals:
        return list(map(int, texts))
    exponent = f"E-{decimals}"
    return [Decimal(text + exponent) for text in texts]


def scaled_values(numbers: Sequence[int], decimals: int) -> Sequence[Value]:
    """`scaled` of many. Raises ArithmeticError for a number of more digits than could be exact here."""
    if not decimals:
        return numbers
    with localcontext(_EXACT):
        return list(map(mul, numbers, repeat(Decimal((0, (1,), -decimals)))))


def unscaled(value: Value, decimals: int, *, signed: bool) -> int:
    """The digits of `value` as one integer. Raises DEC-018 when it is no number, too precise or negative unsigned."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise damage("DEC-018", reason="not a number")
    number = value * 10**decimals if isinstance(value, int) else _integral(value, decimals)
    if number < 0 and not signed:
        raise damage("DEC-018", reason="negative")
    return number


def _integral(value: Decimal, decimals: int) -> int:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise damage("DEC-018", reason="not a number")
    number = int("".join(map(str, digits)) or "0")
    places: int = exponent + decimals
    number, lost = divmod(number * int(10 ** max(places, 0)), int(10 ** max(-places, 0)))
    if lost:
        raise damage("DEC-018", reason="too many decimals")
    return -number if sign else number
