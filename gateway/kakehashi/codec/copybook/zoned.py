"""Zoned numbers (USAGE DISPLAY): a digit a byte, the sign over the first or last digit or in a byte of its own.

Styles of signs over ASCII digits: `standard` (Micro Focus and others: negative p–y), `translated` (the EBCDIC signs
carried over: { A–I and } J–R), `ca-realia` (negative: space ! " # $ % & ' ( )), `tandem` (negative 80–89),
`fujitsu` (positive @ A–I, negative P–Y).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.scale import Scalar, scaled, scaled_all, unscaled
from kakehashi.codec.copybook.tree import Dialect, Field, Sign
from kakehashi.codec.digit_columns import ZonedColumn
from kakehashi.codec.text_form import damage

__all__ = ["ASCII_STYLES", "default_style", "zoned_leaf"]

_ReadInt = Callable[[bytes], int]
_WriteInt = Callable[[int], bytes]

_DIGITS = b"0123456789"
_ALSO_PLAIN = (_DIGITS,)
ASCII_STYLES: Mapping[str, tuple[tuple[bytes, ...], bytes]] = {
    "standard": (_ALSO_PLAIN, b"pqrstuvwxy"),
    "translated": ((b"{ABCDEFGHI", _DIGITS), b"}JKLMNOPQR"),
    "ca-realia": (_ALSO_PLAIN, b" !\"#$%&'()"),
    "tandem": (_ALSO_PLAIN, bytes(range(0x80, 0x8A))),
    "fujitsu": ((b"@ABCDEFGHI", _DIGITS), b"PQRSTUVWXY"),
}
"""Positive digits 0–9 (what is written, then what is read as well) and negative ones."""

_EBCDIC = (tuple(bytes(range(z, z + 10)) for z in (0xC0, 0xF0, 0xA0, 0xE0)), bytes(range(0xD0, 0xDA)))


def default_style(dialect: Dialect) -> str:
    """Overpunch of ASCII data, where nobody names it."""
    if dialect is Dialect.FUJITSU:
        return "fujitsu"
    return "translated" if dialect in {Dialect.IBM, Dialect.HITACHI, Dialect.NEC} else "standard"


def zoned_leaf(field: Field, *, host: bool, style: str) -> Leaf:
    """Digits, sign and point of `field`. A wrong digit or sign is DEC-005 (unsigned) or DEC-006."""
    picture = field.picture
    assert picture is not None
    base = 0xF0 if host else 0x30
    value, integer = scaled(picture.scale), unscaled(picture.scale, picture.digits)
    overpunch = _EBCDIC if host else ASCII_STYLES[style]
    column = None
    if not picture.signed:
        read, write = _plain(base, picture.digits)
        column = _column(base, picture.digits, field.sign, ((), b""))
    elif field.sign.separate:
        read, write = _separate(base, picture.digits, field.sign, host=host)
    else:
        read, write = _over(base, picture.digits, field.sign, overpunch)
        column = _column(base, picture.digits, field.sign, overpunch)

    def written(given: Scalar) -> bytes:
        number = integer(given)
        if number < 0 and not picture.signed:
            raise damage("DEC-018", reason="no sign in the picture")
        return write(number)

    all_values = scaled_all(picture.scale)
    read_all = None if column is None else lambda raws: all_values(column.read(raws))
    if picture.scale == 0:
        return Leaf(read, written, write(0), read_all)
    return Leaf(lambda raw: value(read(raw)), written, write(0), read_all)


def _column(base: int, digits: int, sign: Sign, style: tuple[tuple[bytes, ...], bytes]) -> ZonedColumn:
    plus, minus = style
    place = 0 if sign.leading else digits - 1
    return ZonedColumn(digits, bytes(range(base, base + 10)), plus=plus, minus=(minus,), place=place)


def _plain(base: int, digits: int) -> tuple[_ReadInt, _WriteInt]:
    ascii_of = _table({base + n: 0x30 + n for n in range(10)})
    to_zone = bytes.maketrans(_DIGITS, bytes(range(base, base + 10)))

    def read(raw: bytes) -> int:
        plain = raw.translate(ascii_of)
        if not plain.isdigit():
            raise damage("DEC-005", _first_wrong(plain))
        return int(plain)

    def write(number: int) -> bytes:
        return str(abs(number)).rjust(digits, "0").encode("ascii").translate(to_zone)

    return read, write


def _separate(base: int, digits: int, sign: Sign, *, host: bool) -> tuple[_ReadInt, _WriteInt]:
    plus, minus = (b"\x4e", b"\x60") if host else (b"+", b"-")
    read_digits, write_digits = _plain(base, digits)

    def read(raw: bytes) -> int:
        at, body = (0, raw[1:]) if sign.leading else (len(raw) - 1, raw[:-1])
        mark = raw[at : at + 1]
        if mark not in {plus, minus}:
            raise damage("DEC-006", at)
        number = read_digits(body)
        return -number if mark == minus else number

    def write(number: int) -> bytes:
        mark = minus if number < 0 else plus
        return mark + write_digits(number) if sign.leading else write_digits(number) + mark

    return read, write


def _over(base: int, digits: int, sign: Sign, style: tuple[tuple[bytes, ...], bytes]) -> tuple[_ReadInt, _WriteInt]:
    positives, negative = style
    read_digits, write_digits = _plain(base, digits)
    signed = {code: base + n for codes in (*positives, negative) for n, code in enumerate(codes)}
    at = 0 if sign.leading else digits - 1
    below = frozenset(negative)

    def read(raw: bytes) -> int:
        mark = raw[at]
        digit = signed.get(mark)
        if digit is None:
            raise damage("DEC-006", at)
        number = read_digits(raw[:at] + digit.to_bytes(1, "big") + raw[at + 1 :])
        return -number if mark in below else number

    def write(number: int) -> bytes:
        raw = bytearray(write_digits(number))
        raw[at] = (negative if number < 0 else positives[0])[raw[at] - base]
        return bytes(raw)

    return read, write


def _table(known: Mapping[int, int]) -> bytes:
    return bytes(known.get(code, 0x3F) for code in range(256))


def _first_wrong(plain: bytes) -> int:
    return next((at for at, code in enumerate(plain) if not 0x30 <= code <= 0x39), 0)
