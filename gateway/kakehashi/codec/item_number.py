"""Items of numbers in characters and in binary: S9 and B."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from kakehashi.codec.digit_columns import binary_numbers
from kakehashi.codec.item_text import ascii_digits
from kakehashi.codec.layout import Value
from kakehashi.codec.number import scaled, scaled_texts, scaled_values, unscaled
from kakehashi.codec.text_form import Charset, Unclean, damage

__all__ = ["BinaryCodec", "SignedCodec"]

_SIGNED = re.compile(r"(?:[+-]?[0-9]+,)+")


class SignedCodec:
    """「符号付き数字」 Digits with a leading + or - or none. With a blank as pad, blanks before them are trimmed."""

    def __init__(self, charset: Charset, *, length: int | None, decimals: int, pad: str | None, signed: bool) -> None:
        self._charset = charset
        self._length = length
        self._decimals = decimals
        self._signed = signed
        self._pad = charset.encode(pad or "0")
        self._blank = charset.encode(" ") if pad == " " else b""
        self._plus, self._minus = charset.encode("+"), charset.encode("-")

    def read(self, raw: bytes) -> int | Decimal:
        content = raw.lstrip(self._blank) if self._blank else raw
        start = len(raw) - len(content)
        sign = content[:1] if content[:1] in {self._plus, self._minus} else b""
        if sign == self._minus and not self._signed:
            raise damage("DEC-005", start)
        number = int(ascii_digits(self._charset, content[len(sign) :], start=start + len(sign)))
        return scaled(-number if sign == self._minus else number, self._decimals)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        if self._blank:
            raws = [raw.lstrip(self._blank) for raw in raws]
        texts = self._charset.narrow.read_all(raws)
        joined = ",".join(texts) + ","
        if not _SIGNED.fullmatch(joined) or ("-" in joined and not self._signed):
            raise Unclean
        return scaled_texts(texts, self._decimals)

    def write(self, value: Value) -> bytes:
        number = unscaled(value, self._decimals, signed=self._signed)
        digits = self._charset.encode(str(abs(number)))
        sign = self._minus if number < 0 else b""
        if self._length is None:
            return sign + digits
        if len(sign + digits) > self._length:
            raise damage("DEC-018", length=len(sign + digits), most=self._length)
        if self._blank:
            return (sign + digits).rjust(self._length, self._pad)
        return sign + digits.rjust(self._length - len(sign), self._pad)


class BinaryCodec:
    """「二進」 Big-endian two's complement, of any number of bytes."""

    def __init__(self, *, length: int, decimals: int, signed: bool) -> None:
        self._length = length
        self._decimals = decimals
        self._signed = signed

    def read(self, raw: bytes) -> int | Decimal:
        return scaled(int.from_bytes(raw, "big", signed=self._signed), self._decimals)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        return scaled_values(binary_numbers(raws, self._length, order="big", signed=self._signed), self._decimals)

    def write(self, value: Value) -> bytes:
        try:
            return unscaled(value, self._decimals, signed=self._signed).to_bytes(
                self._length, "big", signed=self._signed
            )
        except OverflowError:
            raise damage("DEC-018", most=self._length) from None
