"""Text of a copybook's items: a charset that also takes the control characters which fill items of real files."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from kakehashi.codec.char_table import ByteTable
from kakehashi.codec.charset import charset_named
from kakehashi.codec.code_table import CodeTable
from kakehashi.codec.escape_charset import EscapeCharset
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.stored_table import stored_pages
from kakehashi.codec.text_form import SEPARATOR, Charset, TextForm, damage, separated
from kakehashi.errors import InputError

__all__ = ["TextCodec", "text_codec"]

_HOST = re.compile(r"(?:ibm-?|cp)?0*(37|273|424|500|875|1026|1140)", re.IGNORECASE)
_SINGLE = {"ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1"}
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]+")
_LOW = re.compile(rb"\x00+")
_HOST_CONTROL = re.compile(rb"[\x00-\x3f\xff]+")


class TextCodec(Protocol):
    """`decode` and `encode` are strict: DEC-004 or DEC-020 with the offset of the first wrong byte."""

    host: bool
    single: bool
    """One byte a character: a wide item is then UTF-16."""

    def decode(self, raw: bytes, /) -> str: ...

    def decode_all(self, raws: Sequence[bytes], /, *, trim: bool = False) -> list[str]:
        """`decode` of many at once; `trim`: without spaces at the end. Raises InputError or ValueError where any of
        them is wrong, or might be.
        """

    def encode(self, text: str, /) -> bytes: ...

    @property
    def wide(self) -> TextForm | None:
        """The form of items of double bytes alone."""


@cache
def text_codec(name: str, gaiji: tuple[CodeTable, ...] = ()) -> TextCodec:
    """With the tables that are for its family. Raises InputError CFG-006 for an unknown charset."""
    found = _HOST.fullmatch(name)
    if found or name.lower() in _SINGLE:
        return _Single(f"cp{int(found[1]):03}" if found else codecs.lookup(name).name)
    charset = charset_named(name, gaiji)
    return _Page(charset) if charset.name in stored_pages() else _Mixed(charset)


class _Single:
    """A charset of Python's in which every byte is a character by itself."""

    single = True
    wide = None

    def __init__(self, name: str) -> None:
        self._name = name
        self.host = "0".encode(name) == b"\xf0"
        self._latin = _latin(name)
        self._bytes = ByteTable(bytes(range(256)).decode(name, "replace"))

    def decode(self, raw: bytes) -> str:
        try:
            return raw.decode(self._name)
        except UnicodeDecodeError as error:
            raise damage("DEC-004", error.start) from None

    def decode_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = self._bytes.column(raws, trim=" " if trim else "")
        if texts is not None:
            return texts
        joined = SEPARATOR.encode(self._name).join(raws)
        text = joined.translate(self._latin).decode("latin-1") if self._latin else joined.decode(self._name)
        return separated(text, len(raws), trim=" " if trim else "")

    def encode(self, text: str) -> bytes:
        try:
            return text.encode(self._name)
        except UnicodeEncodeError as error:
            raise damage("DEC-004", character=error.start + 1) from None


def _latin(name: str) -> bytes:
    """Byte → Latin-1, where the charset is Latin-1 in another order (most EBCDIC pages are): quicker than a charmap."""
    try:
        return bytes(range(256)).decode(name).encode("latin-1")
    except UnicodeError:
        return b""


class _Around:
    """One of our own charsets, which refuse control characters: those are read and written around it."""

    def __init__(self, charset: Charset, *, controls: re.Pattern[bytes], chars: str, name: str) -> None:
        self._charset = charset
        self.host = charset.host
        self._bytes = controls
        self._chars = re.compile(chars)
        self._name = name

    def decode(self, raw: bytes) -> str:
        if not self._bytes.search(raw):
            return self._charset.decode(raw)
        parts, at = [], 0
        for control in (*self._bytes.finditer(raw), None):
            end = control.start() if control else len(raw)
            try:
                parts.append(self._charset.decode(raw[at:end]))
            except InputError as error:
                raise damage(error.fault.code, at + (error.fault.place.offset or 0)) from None
            if control:
                parts.append(control[0].decode(self._name))
                at = control.end()
        return "".join(parts)

    def decode_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        try:
            return self._charset.narrow.read_all(raws, trim=trim)
        except (InputError, ValueError):
            texts = self._charset.mixed.read_all(raws)
            return [text.rstrip(" ") for text in texts] if trim else texts

    def encode(self, text: str) -> bytes:
        if not self._chars.search(text):
            return self._charset.encode(text)
        parts, at = [], 0
        for control in self._chars.finditer(text):
            parts += [self._charset.encode(text[at : control.start()]), control[0].encode(self._name)]
            at = control.end()
        return b"".join((*parts, self._charset.encode(text[at:])))


class _Mixed(_Around):
    """A charset with double bytes. (Where codes may shift, X'00' is the only control code.)"""

    def __init__(self, charset: Charset) -> None:
        controls = _LOW if isinstance(charset, HostCharset | EscapeCharset) else _CONTROL
        super().__init__(charset, controls=controls, chars=controls.pattern.decode("ascii"), name="ascii")
        self.single = charset.name == "utf-8"

    @property
    def wide(self) -> TextForm | None:
        return None if self.single else self._charset.wide


class _Page(_Around):
    """A single-byte EBCDIC page: its control codes mean the same in all of them."""

    single = True
    wide = None

    def __init__(self, charset: Charset) -> None:
        super().__init__(charset, controls=_HOST_CONTROL, chars="[\x00-\x1f\x7f-\x9f]+", name="cp037")
