"""Binary numbers: COMP, COMP-4, BINARY, COMP-X with the greatest byte first, COMP-9 the least; COMP-5 as machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.scale import Scalar, scaled, scaled_all, unscaled
from kakehashi.codec.copybook.tree import Dialect, Field, Usage
from kakehashi.codec.digit_columns import binary_numbers
from kakehashi.codec.text_form import damage

__all__ = ["binary_leaf", "default_order", "order_of"]

Order = Literal["big", "little"]


def default_order(dialect: Dialect) -> Order:
    """Of COMP-5, indexes, pointers and IEEE floats: mainframes write the most significant byte first."""
    return "big" if dialect in {Dialect.IBM, Dialect.HITACHI, Dialect.NEC} else "little"


def order_of(usage: Usage, *, native: Order) -> Order:
    """Of the bytes of a binary item."""
    if usage is Usage.LITTLE:
        return "little"
    return native if usage in {Usage.NATIVE, Usage.INDEX, Usage.POINTER} else "big"


def binary_leaf(field: Field, *, native: Order) -> Leaf:
    """Every content is a number: what the bytes hold counts, not the digits of the picture."""
    picture = field.picture
    signed = (picture is not None and picture.signed) or field.usage is Usage.INDEX
    order = order_of(field.usage, native=native)
    scale = picture.scale if picture is not None and picture.numeric else 0
    value, integer = scaled(scale), unscaled(scale, None)
    length = field.length

    def read(raw: bytes) -> int:
        return int.from_bytes(raw, order, signed=signed)

    def write(given: Scalar) -> bytes:
        try:
            return integer(given).to_bytes(length, order, signed=signed)
        except OverflowError:
            raise damage("DEC-018", length=length) from None

    all_values = scaled_all(scale)

    def read_all(raws: Sequence[bytes]) -> Sequence[Scalar]:
        return all_values(binary_numbers(raws, length, order=order, signed=signed))

    if scale == 0:
        return Leaf(read, write, bytes(length), read_all)
    return Leaf(lambda raw: value(read(raw)), write, bytes(length), read_all)
