"""「JISコード」 The ISO-2022-JP family: escape sequences choose the set; every item begins and ends in ASCII.

Items are read one by one, so that a missing escape sequence cannot change how the next item is read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from kakehashi.codec.text_form import TextForm, blanks_of, damage, padding

__all__ = ["EscapeCharset"]

_REFUSED = re.compile("[\x00-\x1f\x7f-\xa0\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufffd-\uffff]")
_NARROW = "[\x20-\x7e\xa1-\xff‾\uff61-\uff9f]"


class EscapeCharset:
    """`name` is Python's name of it."""

    host = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.narrow: TextForm = _EscapeForm(self, re.compile(f"(?!{_NARROW})."))
        self.wide: TextForm = _EscapeForm(self, re.compile("[\x20-\x7e\uff61-\uff9f]"))
        self.shifted: TextForm = self.wide
        self.mixed: TextForm = _EscapeForm(self, re.compile("(?!)"))

    def decode(self, raw: bytes) -> str:
        """Raises DEC-004 at the first wrong byte, DEC-020 at the end when the last escape is not taken back."""
        decoder = codecs.getincrementaldecoder(self.name)()
        begin = decoder.getstate()
        try:
            text = decoder.decode(raw)
            if decoder.getstate() != begin:
                raise damage("DEC-004" if decoder.getstate()[0] else "DEC-020", len(raw) - len(decoder.getstate()[0]))
        except UnicodeDecodeError as error:
            raise damage("DEC-004", error.start) from None
        except UnicodeError:  # bytes behind an escape that is none
            raise damage("DEC-004", self.offset(raw)) from None
        if found := _REFUSED.search(text):
            raise damage("DEC-004", self.offset(raw, found.start()))
        return text

    def encode(self, text: str) -> bytes:
        try:
            return text.encode(self.name)
        except UnicodeEncodeError as error:
            raise damage("DEC-004", character=error.start + 1) from None

    def offset(self, raw: bytes, character: int | None = None) -> int:
        """Where the character of that index (0-based) begins, escape sequence included; None: the first wrong one."""
        decoder = codecs.getincrementaldecoder(self.name)()
        count, begin = 0, 0
        for at in range(len(raw)):
            if not decoder.getstate()[0]:
                begin = at
                if count == character:
                    break
            try:
                count += len(decoder.decode(raw[at : at + 1]))
            except UnicodeError:
                break
        return begin


class _EscapeForm:
    """Text of one width. ASCII spaces at the end are padding: of wide text they are no content."""

    pad = " "

    def __init__(self, charset: EscapeCharset, wrong: re.Pattern[str]) -> None:
        self._charset = charset
        self._wrong = wrong
        self._wide = wrong.match(" ") is not None

    def read(self, raw: bytes) -> str:
        raw = raw.rstrip(b" ") if self._wide else raw
        text = self._charset.decode(raw)
        if found := self._wrong.search(text):
            raise damage("DEC-008", self._charset.offset(raw, found.start()))
        return text

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = [self.read(raw) for raw in raws]
        return [text.rstrip(blanks_of(self.pad)) for text in texts] if trim else texts

    def write(self, text: str) -> bytes:
        if found := self._wrong.search(text) or _REFUSED.search(text):
            raise damage("DEC-008", character=found.start() + 1)
        return self._charset.encode(text)

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = self.write(text)
        filler = padding(self._charset.encode(pad), length - len(raw), b" ")
        return filler + raw if right else raw + filler

    def blanks(self, length: int) -> frozenset[bytes]:
        return frozenset((b" " * length,))
