"""Packed numbers: two digits a byte, the last half-byte a sign (COMP-3), or none (COMP-6, COMP-3U)."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.scale import Scalar, scaled, scaled_all, unscaled
from kakehashi.codec.copybook.tree import Field, Usage
from kakehashi.codec.digit_columns import PackedColumn
from kakehashi.codec.text_form import Unclean, damage

__all__ = ["packed_leaf"]

_POSITIVE, _NEGATIVE = frozenset("cfae"), frozenset("db")


def packed_leaf(field: Field) -> Leaf:
    """C, A, E and F are positive, D and B negative; written are C and D, F without S. Anything else is DEC-006."""
    picture = field.picture
    assert picture is not None
    signed = picture.signed and field.usage is Usage.PACKED
    nibbles = field.length * 2 - (field.usage is Usage.PACKED)
    spare = nibbles - picture.digits
    value, integer = scaled(picture.scale), unscaled(picture.scale, picture.digits)
    positive = _POSITIVE if signed else frozenset("fc")

    most = 10**picture.digits
    signs = dict.fromkeys(positive, 1) | (dict.fromkeys(_NEGATIVE, -1) if signed else {})
    if field.usage is not Usage.PACKED:
        signs = {"": 1}
    unscale = None if picture.scale == 0 else value

    def read(raw: bytes) -> Scalar:
        text = raw.hex()
        try:
            number = int(text[:nibbles]) * signs[text[nibbles:]]
        except (ValueError, KeyError):
            raise damage("DEC-006", _first_wrong(text[:nibbles], otherwise=len(text) - 1) // 2) from None
        if spare and not -most < number < most:
            raise damage("DEC-006", 0)
        return number if unscale is None else unscale(number)

    def write(given: Scalar) -> bytes:
        number = integer(given)
        if number < 0 and not signed:
            raise damage("DEC-018", reason="no sign in the picture")
        sign = "" if field.usage is not Usage.PACKED else "d" if number < 0 else "c" if signed else "f"
        return bytes.fromhex(str(abs(number)).rjust(nibbles, "0") + sign)

    column = PackedColumn(
        field.length,
        plus="".join(sorted(positive)) if field.usage is Usage.PACKED else "",
        minus="".join(sorted(_NEGATIVE)) if signed else "",
    )
    unscale_all = scaled_all(picture.scale)

    def read_all(raws: Sequence[bytes]) -> Sequence[Scalar]:
        numbers = column.read(raws)
        if spare and not -most < min(numbers) <= max(numbers) < most:
            raise Unclean
        return unscale_all(numbers)

    return Leaf(read, write, write(0), read_all)


def _first_wrong(digits: str, *, otherwise: int) -> int:
    return next((at for at, digit in enumerate(digits) if not digit.isdigit()), otherwise)
