"""DISPLAY numbers as people write them: blanks or low-values around the digits, a sign on either side, a point."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from kakehashi.codec.copybook.charset import TextCodec
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.picture import Picture
from kakehashi.codec.copybook.scale import Scalar, scaled
from kakehashi.errors import InputError

__all__ = ["written_leaf"]

_NUMBER = re.compile(r"([+-]?)[ ]*([0-9]*)(?:[.,]([0-9]*))?[ ]*([+-]?)")


def written_leaf(leaf: Leaf, picture: Picture, codec: TextCodec) -> Leaf:
    """Reads what `leaf` reads, and else a number in words; without a point it is scaled as the picture says."""
    value = scaled(picture.scale)

    def read(raw: bytes) -> Scalar:
        try:
            return leaf.read(raw)
        except InputError:
            number = _number(raw, codec, value, signed=picture.signed)
            if number is None:
                raise
            return number

    return Leaf(read, leaf.write, leaf.empty)


def _number(raw: bytes, codec: TextCodec, value: Callable[[int], int | Decimal], *, signed: bool) -> Scalar:
    try:
        found = _NUMBER.fullmatch(codec.decode(raw).strip(" \0"))
    except InputError:
        return None
    if found is None or not (found[2] or found[3]) or (found[1] and found[4]):
        return None
    negative = "-" in {found[1], found[4]}
    if negative and not signed:
        return None
    if found[3] is None:
        return value(-int(found[2]) if negative else int(found[2]))
    return Decimal(f"{'-' if negative else ''}{found[2] or 0}.{found[3] or 0}")
