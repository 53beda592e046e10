"""Exact numbers: an integer and a power of ten, both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, InvalidOperation, localcontext
from itertools import repeat
from operator import mul

from kakehashi.codec.text_form import damage

__all__ = ["Number", "Scalar", "scaled", "scaled_all", "unscaled"]

Number = int | Decimal | float
Scalar = str | int | Decimal | float | None

_EXACT = Context(prec=400)
_MOST = 40
"""Decimals of common items."""


def scaled(scale: int) -> Callable[[int], int | Decimal]:
    """Integer → value with `scale` decimals; a negative scale multiplies."""
    if scale == 0:
        return int
    if scale < 0:
        factor = 10**-scale
        return lambda number: number * factor
    if scale > _MOST:
        return lambda number: _EXACT.scaleb(Decimal(number), -scale)
    unit = Decimal(1).scaleb(-scale)
    multiply = _EXACT.multiply
    return lambda number: multiply(number, unit)


def scaled_all(scale: int) -> Callable[[Sequence[int]], Sequence[int | Decimal]]:
    """`scaled` of many."""
    if scale == 0:
        return lambda numbers: numbers
    if 0 < scale <= _MOST:
        unit = Decimal(1).scaleb(-scale)
        return lambda numbers: _exactly(numbers, unit)
    value = scaled(scale)
    return lambda numbers: list(map(value, numbers))


def _exactly(numbers: Sequence[int], unit: Decimal) -> Sequence[Decimal]:
    with localcontext(_EXACT):
        return list(map(mul, numbers, repeat(unit)))


def unscaled(scale: int, digits: int | None) -> Callable[[Scalar], int]:
    """Value → integer of at most `digits` digits. Raises DEC-018 where it has more digits or decimals than fit."""
    most = None if digits is None else 10**digits

    def write(value: Scalar) -> int:
        number = value if type(value) is int and scale == 0 else _integer(value, scale)
        if most is not None and not -most < number < most:
            raise damage("DEC-018", digits=digits or 0)
        return number

    return write


def _integer(value: Scalar, scale: int) -> int:
    if isinstance(value, bool) or value is None:
        raise damage("DEC-018", reason="no number")
    try:
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not exact.is_finite() or not -500 < exact.adjusted() < 500:
            raise damage("DEC-018", reason="no number of this size")
        shifted = _EXACT.scaleb(exact, scale)
        whole = int(shifted)
    except (InvalidOperation, ValueError):
        raise damage("DEC-018", reason="no number") from None
    if whole != shifted:
        raise damage("DEC-018", decimals=max(scale, 0))
    return whole
