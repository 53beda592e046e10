"""COMP-1 and COMP-2: IBM hexadecimal floats, and IEEE ones in either order.

A value is the shortest decimal that gives the same bytes back. IBM's long form holds more digits than IEEE's, so it
is a Decimal.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.codec.text_form import damage

__all__ = ["FORMS", "float_leaf"]

FORMS = ("ibm", "ibm-le", "ieee", "ieee-le")
_DIGITS = {4: range(6, 10), 8: range(15, 19)}


def float_leaf(length: int, *, form: str) -> Leaf:
    """`length` 4 or 8. A NaN or an infinity is DEC-005."""
    if form == "ibm":
        return Leaf(_read_ibm, lambda value: _write_ibm(_exact(value), length), bytes(length))
    if form == "ibm-le":
        return Leaf(
            lambda raw: _read_ibm(raw[::-1]), lambda value: _write_ibm(_exact(value), length)[::-1], bytes(length)
        )
    code = (">" if form == "ieee" else "<") + ("f" if length == 4 else "d")
    packing = struct.Struct(code)

    def read(raw: bytes) -> float:
        (number,) = packing.unpack(raw)
        if not math.isfinite(number):
            raise damage("DEC-005", 0)
        return number if length == 8 else _shortest(number, raw, packing.pack)

    def write(value: Scalar) -> bytes:
        try:
            return packing.pack(float(_exact(value)))
        except (OverflowError, ValueError):
            raise damage("DEC-018", length=length) from None

    return Leaf(read, write, bytes(length))


def _exact(value: Scalar) -> Fraction:
    try:
        if value is None or isinstance(value, bool):
            raise damage("DEC-018", reason="no number")
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not exact.is_finite() or not -400 < exact.adjusted() < 400:
            raise damage("DEC-018", reason="no number of this size")
        return Fraction(exact)
    except (InvalidOperation, ValueError):
        raise damage("DEC-018", reason="no number") from None


def _shortest(number: float, raw: bytes, pack: Callable[[float], bytes]) -> float:
    for digits in _DIGITS[4]:
        short = float(f"{number:.{digits}g}")
        if pack(short) == raw:
            return short
    return number


def _read_ibm(raw: bytes) -> Scalar:
    """Sign, exponent of 16 with 64 added, fraction (z/Architecture Principles of Operation, chapter 9)."""
    bits = int.from_bytes(raw, "big")
    size = len(raw) * 8
    fraction = bits & ((1 << (size - 8)) - 1)
    power = 4 * (((bits >> (size - 8)) & 0x7F) - 64) - (size - 8)
    if fraction == 0:
        return 0.0 if len(raw) == 4 else Decimal(0)
    exact = Fraction(fraction) * (Fraction(2) ** power)
    if bits >> (size - 1):
        exact = -exact
    for digits in _DIGITS[len(raw)]:
        short = Context(prec=digits).divide(Decimal(exact.numerator), Decimal(exact.denominator))
        if _write_ibm(Fraction(short), len(raw)) == raw:
            break
    return float(short) if len(raw) == 4 else short


def _write_ibm(exact: Fraction, length: int) -> bytes:
    """Normalised, rounded to the nearest."""
    if exact == 0:
        return bytes(length)
    size = length * 8 - 8
    rest, exponent = abs(exact), 0
    while rest >= 1:
        rest, exponent = rest / 16, exponent + 1
    while rest < Fraction(1, 16):
        rest, exponent = rest * 16, exponent - 1
    fraction = round(rest * (1 << size))
    if fraction >> size:
        fraction, exponent = fraction >> 4, exponent + 1
    if exponent > 63:
        raise damage("DEC-018", length=length)
    if exponent < -64:
        return bytes(length)
    head = (0x80 if exact < 0 else 0) | (exponent + 64)
    return head.to_bytes(1, "big") + fraction.to_bytes(length - 1, "big")
