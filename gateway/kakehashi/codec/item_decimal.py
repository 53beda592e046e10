"""Items of decimal numbers in bytes and half-bytes: P 「パック」 and Z 「ゾーン」.

Signs. Packed: C or F is plus, D is minus. Zoned EBCDIC: the last digit's zone is C or F (plus) or D (minus). Zoned
ASCII: zone 3 is plus and 7 is minus (Micro Focus), and the overpunched letters of a translated EBCDIC file, {A–I and
}J–R, are read too. Anything else is DEC-006. An item without a sign takes no minus, and is written with F or zone 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kakehashi.codec.digit_columns import PackedColumn, ZonedColumn
from kakehashi.codec.layout import Value
from kakehashi.codec.number import scaled, scaled_values, unscaled
from kakehashi.codec.text_form import damage

__all__ = ["PackedCodec", "ZonedCodec"]


class PackedCodec:
    """「パック」 Two digits a byte, the last half-byte is the sign."""

    def __init__(self, *, length: int, decimals: int, signed: bool) -> None:
        self._digits = 2 * length - 1
        self._decimals = decimals
        self._signed = signed
        self._column = PackedColumn(length, plus="cf", minus="d" if signed else "")

    def read(self, raw: bytes) -> int | Decimal:
        nibbles = raw.hex()
        digits, sign = nibbles[:-1], nibbles[-1:]
        bad = next((at for at, nibble in enumerate(digits) if nibble > "9"), None)
        if bad is not None:
            raise damage("DEC-006", bad // 2)
        if sign not in ("c", "f", "d") or (sign == "d" and not self._signed):
            raise damage("DEC-006", len(raw) - 1)
        return scaled(-int(digits) if sign == "d" else int(digits), self._decimals)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        return scaled_values(self._column.read(raws), self._decimals)

    def write(self, value: Value) -> bytes:
        number = unscaled(value, self._decimals, signed=self._signed)
        digits = f"{abs(number):0{self._digits}}"
        if len(digits) > self._digits:
            raise damage("DEC-018", length=len(digits), most=self._digits)
        sign = "f" if not self._signed else "d" if number < 0 else "c"
        return bytes.fromhex(digits + sign)


_HOST = (bytes(range(0xF0, 0xFA)), bytes(range(0xC0, 0xCA)), bytes(range(0xD0, 0xDA)))
_ASCII = (b"0123456789", b"{ABCDEFGHI", b"}JKLMNOPQR")
_ASCII_MINUS = bytes(range(0x70, 0x7A))


class ZonedCodec:
    """「ゾーン」 A digit a byte; the sign stands in the zone of the last one."""

    def __init__(self, *, host: bool, length: int, decimals: int, signed: bool) -> None:
        plain, plus, minus = _HOST if host else _ASCII
        self._plain = plain
        self._length = length
        self._decimals = decimals
        self._signed = signed
        self._last: dict[int, tuple[int, int]] = {}
        for codes, sign in ((plain, 1), (plus, 1), (minus, -1), *(() if host else ((_ASCII_MINUS, -1),))):
            self._last |= {code: (digit, sign) for digit, code in enumerate(codes) if signed or sign > 0}
        minuses = (minus,) if host else (minus, _ASCII_MINUS)
        self._column = ZonedColumn(length, plain, plus=(plus,), minus=minuses if signed else (), place=length - 1)
        self._to_digits = bytes.maketrans(plain, b"0123456789")
        self._from_digits = bytes.maketrans(b"0123456789", plain)
        self._written = (plus, minus) if host else (plain, _ASCII_MINUS)

    def read(self, raw: bytes) -> int | Decimal:
        head, last = raw[:-1], raw[-1]
        bad = next((at for at, byte in enumerate(head) if byte not in self._plain), None)
        if bad is not None or last not in self._last:
            raise damage("DEC-006", len(head) if bad is None else bad)
        digit, sign = self._last[last]
        return scaled(sign * int(head.translate(self._to_digits) + b"%d" % digit), self._decimals)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        return scaled_values(self._column.read(raws), self._decimals)

    def write(self, value: Value) -> bytes:
        number = unscaled(value, self._decimals, signed=self._signed)
        digits = f"{abs(number):0{self._length}}"
        if len(digits) > self._length:
            raise damage("DEC-018", length=len(digits), most=self._length)
        raw = digits.encode("ascii").translate(self._from_digits)
        if not self._signed:
            return raw
        plus, minus = self._written
        return raw[:-1] + bytes([(minus if number < 0 else plus)[int(digits[-1])]])
