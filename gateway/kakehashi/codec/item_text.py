"""Items of characters: X 「半角」, N 「全角」 and 9 「数字」."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.char_table import ByteTable
from kakehashi.codec.layout import Value
from kakehashi.codec.text_form import NONE, Charset, TextForm, Unclean, blanks_of, damage

__all__ = ["DigitsCodec", "TextCodec", "ascii_digits"]

_DIGITS = b"0123456789"
_HOST_DIGITS = bytes(range(0xF0, 0xFA))
_FROM_HOST = bytes.maketrans(_HOST_DIGITS, _DIGITS)
_TO_HOST = bytes.maketrans(_DIGITS, _HOST_DIGITS)


def _table(digits: bytes) -> ByteTable:
    return ByteTable("".join(chr(0x30 + digits.index(byte)) if byte in digits else NONE for byte in range(256)))


_TABLE, _HOST_TABLE = _table(_DIGITS), _table(_HOST_DIGITS)


class TextCodec:
    """Text in one form. Blanks of padding are trimmed; a pad that is no blank (a zero) is content."""

    def __init__(self, form: TextForm, *, length: int | None, pad: str | None, right: bool, trim: bool) -> None:
        self._form = form
        self._length = length
        self._pad = pad or form.pad
        self._right = right
        self._blanks = blanks_of(form.pad)
        self._trim = trim

    def read(self, raw: bytes) -> str:
        return self._trimmed(self._form.read(raw))

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        if not (self._trim and self._right):
            return self._form.read_all(raws, trim=self._trim)
        return [text.lstrip(self._blanks) for text in self._form.read_all(raws)]

    def _trimmed(self, text: str) -> str:
        if not self._trim:
            return text
        return text.lstrip(self._blanks) if self._right else text.rstrip(self._blanks)

    def write(self, value: Value) -> bytes:
        value = "" if value is None else value
        if not isinstance(value, str):
            raise damage("DEC-018", reason="not a text")
        if self._length is None:
            return self._form.write(value)
        return self._form.fit(value, self._length, pad=self._pad, right=self._right)


def ascii_digits(charset: Charset, raw: bytes, *, start: int = 0) -> str:
    """`raw` as ASCII digits; `start` is where it begins in its item. Raises DEC-005 at the first byte that is none."""
    digits = _HOST_DIGITS if charset.host else _DIGITS
    if raw and not raw.translate(None, digits):
        return (raw.translate(_FROM_HOST) if charset.host else raw).decode("ascii")
    raise damage("DEC-005", start + next((at for at, byte in enumerate(raw) if byte not in digits), 0))


class DigitsCodec:
    """「数字」 Digits kept as text, leading zeros included. With a blank as pad, blanks around them are trimmed."""

    def __init__(self, charset: Charset, *, length: int | None, pad: str | None, right: bool) -> None:
        self._charset = charset
        self._length = length
        self._pad = pad or "0"
        self._right = right
        self._blank = charset.encode(" ") if pad == " " else b""

    def read(self, raw: bytes) -> str:
        if not self._blank:
            return ascii_digits(self._charset, raw)
        content = raw.lstrip(self._blank)
        return ascii_digits(self._charset, content.rstrip(self._blank), start=len(raw) - len(content))

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        if self._blank:
            raws = [raw.strip(self._blank) for raw in raws]
        return digit_texts(self._charset, raws)

    def write(self, value: Value) -> bytes:
        text = str(value) if isinstance(value, int) else value
        if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
            raise damage("DEC-018", reason="not digits")
        raw = text.encode("ascii").translate(_TO_HOST) if self._charset.host else text.encode("ascii")
        return raw if self._length is None else self._fit(raw, self._length)

    def _fit(self, raw: bytes, length: int) -> bytes:
        if len(raw) > length:
            raise damage("DEC-018", length=len(raw), most=length)
        pad = self._charset.encode(self._pad)
        return raw.rjust(length, pad) if self._right else raw.ljust(length, pad)


def digit_texts(charset: Charset, raws: Sequence[bytes]) -> list[str]:
    """Many items of digits as text. Raises Unclean."""
    texts = (_HOST_TABLE if charset.host else _TABLE).column(raws)
    if texts is not None:
        return texts
    joined = b",".join(raws)
    others = joined.translate(None, _HOST_DIGITS if charset.host else _DIGITS)
    if others != b"," * (len(raws) - 1) or b",," in b",%b," % joined:
        raise Unclean
    return (joined.translate(_FROM_HOST) if charset.host else joined).decode("ascii").split(",")
