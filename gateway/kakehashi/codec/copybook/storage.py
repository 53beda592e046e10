"""How many bytes an elementary item takes, and where it may start: the compiler's business, so by dialect.

Binary items: IBM, Fujitsu, Hitachi, NEC take 2, 4 or 8 bytes; GnuCOBOL 1, 2, 4 or 8; Micro Focus the fewest that hold
the digits. SYNC aligns each to its length, with two exceptions: Fujitsu aligns 8 binary bytes to 4, and Micro Focus
does not align at all. More than 18 digits take 16 bytes; some programs that read copybooks count as few as hold them.
"""

from __future__ import annotations

from typing import NamedTuple

from kakehashi.codec.copybook.picture import Category, Picture
from kakehashi.codec.copybook.tree import Dialect, Sign, Usage

__all__ = ["Compiler", "alignment", "size_of"]

_SIGNED = (2, 4, 6, 9, 11, 14, 16, 18)
_UNSIGNED = (2, 4, 7, 9, 12, 14, 16, 19)
"""Decimal digits that 1 to 8 bytes hold."""

_LONG = 18


class Compiler(NamedTuple):
    """Who lays the bytes out. `fewest`: of binary items of more than 18 digits, no more than they need."""

    dialect: Dialect
    fewest: bool = False


_WITHOUT_PICTURE = {Usage.FLOAT: 4, Usage.DOUBLE: 8, Usage.INDEX: 4, Usage.POINTER: 4}


def size_of(picture: Picture | None, usage: Usage, sign: Sign | None, *, compiler: Compiler) -> int | None:
    """Bytes of an elementary item; None: this usage needs a picture, or another kind of picture."""
    if usage in _WITHOUT_PICTURE:
        return _WITHOUT_PICTURE[usage] if picture is None else None
    if picture is None:
        return None
    match usage:
        case Usage.DISPLAY:
            separate = picture.category is Category.NUMBER and picture.signed and sign is not None and sign.separate
            return picture.length * (2 if picture.category is Category.WIDE else 1) + separate
        case Usage.DBCS:
            return picture.length * 2 if picture.category is Category.WIDE else None
        case Usage.NATIONAL:
            separate = picture.category is Category.NUMBER and picture.signed and sign is not None and sign.separate
            return (picture.length + separate) * 2
        case Usage.COMP_X if picture.category is Category.TEXT:
            return picture.length if picture.length <= 8 else None
        case _ if picture.category is not Category.NUMBER or picture.digits == 0:
            return None
        case Usage.PACKED:
            return picture.digits // 2 + 1
        case Usage.UNSIGNED_PACKED | Usage.PACKED_BYTES:
            return (picture.digits + 1) // 2
        case _:
            return _binary(picture, compiler, fewest=usage is Usage.COMP_X)


def _binary(picture: Picture, compiler: Compiler, *, fewest: bool) -> int:
    digits, dialect = picture.digits, compiler.dialect
    if compiler.fewest and digits > _LONG:
        return (int(10**digits).bit_length() + 8) // 8
    if fewest or dialect is Dialect.MICROFOCUS:
        table = _SIGNED if picture.signed else _UNSIGNED
        return next((size for size, most in enumerate(table, start=1) if digits <= most), 16)
    if dialect is Dialect.GNUCOBOL and digits <= 2:
        return 1
    return 2 if digits <= 4 else 4 if digits <= 9 else 8 if digits <= 18 else 16


def alignment(usage: Usage, size: int, *, dialect: Dialect) -> int:
    """Boundary of a SYNC item."""
    if dialect is Dialect.MICROFOCUS or usage in {
        Usage.DISPLAY, Usage.DBCS, Usage.NATIONAL, Usage.PACKED, Usage.UNSIGNED_PACKED, Usage.PACKED_BYTES,
        Usage.COMP_X,
    }:  # fmt: skip
        return 1
    if dialect is Dialect.FUJITSU and usage in {Usage.BINARY, Usage.NATIVE}:
        return min(size, 4)
    return min(size, 8)
