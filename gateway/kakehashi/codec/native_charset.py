"""Charsets without shift codes, on Python's own decoders or on tables, narrowed to what may stand in an item.

Python reads more than we accept: control characters, CP932's lone bytes 80, A0, FD–FF, and the user-defined areas
(外字), whose meaning belongs to a gaiji table of the source system and never to a private-use code point.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from functools import cached_property

from kakehashi.codec.char_table import ByteTable, PairTable
from kakehashi.codec.text_form import NONE, SEPARATOR, TextForm, Unclean, blanks_of, damage, padding, separated
from kakehashi.errors import InputError

__all__ = ["NativeCharset"]

_REFUSED = "\x00-\x1f\x7f-\xa0\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufffd-\uffff\U000f0000-\U0010ffff"
_KANA = "\uff61-\uff9f"
_HALF_WIDTH = {"shift_jis_2004": _KANA + "¥‾"}
_TWO_BYTE = frozenset(("cp932", "cp932-nec", "cp932-ibm", "cp943"))
_ONE_BYTE_KANA = _TWO_BYTE | {"shift_jis", "shift_jis_2004"}
_NARROW = {
    **dict.fromkeys(_ONE_BYTE_KANA, _KANA),
    **dict.fromkeys(("euc_jp", "euc_jis_2004", "eucjp-ms"), _KANA),
    **_HALF_WIDTH,
    "ascii": "",
}


class NativeCharset:
    """A charset without shift codes. `name` is Python's name of it, unless a decoder and an encoder are given."""

    host = False

    def __init__(
        self,
        name: str,
        decoder: Callable[[bytes], tuple[str, int]] | None = None,
        encoder: Callable[[str], tuple[bytes, int]] | None = None,
    ) -> None:
        self.name = name
        self.decoder = decoder or codecs.getdecoder(name)
        self.encoder = encoder or codecs.getencoder(name)
        self._refused = re.compile(f"[{_REFUSED}]")
        narrow = _NARROW.get(name, "\xa1-\xff\uff61-\uff9f")
        self.narrow: TextForm = _Narrow(self, narrow)
        self.wide: TextForm = _TwoByte(self) if name in _TWO_BYTE else _Wide(self, _HALF_WIDTH.get(name, _KANA))
        self.shifted: TextForm = self.wide
        self.mixed: TextForm = _Form(self, _REFUSED)

    def decode(self, raw: bytes) -> str:
        try:
            text = self.decoder(raw)[0]
        except UnicodeDecodeError as error:
            raise damage("DEC-004", error.start) from None
        if found := self._refused.search(text):
            raise damage("DEC-004", self.width(text[: found.start()]))
        return text

    def encode(self, text: str) -> bytes:
        try:
            return self.encoder(text)[0]
        except UnicodeEncodeError as error:
            raise damage("DEC-004", character=error.start + 1) from None

    def width(self, text: str) -> int:
        """How many bytes decoded text took."""
        return len(self.encoder(text)[0])


class _Form:
    """What the forms share: `wrong` finds the first character that they do not hold."""

    pad = " "

    def __init__(self, charset: NativeCharset, wrong: str) -> None:
        self._charset = charset
        self._name = charset.name
        self._decode = charset.decoder
        self._wrong = re.compile(f"[{wrong}]")
        self._unclean = re.compile(f"(?!{SEPARATOR})[{wrong}{_REFUSED}]").search

    def read(self, raw: bytes) -> str:
        text = self._charset.decode(raw)
        if found := self._wrong.search(text):
            raise damage("DEC-008", self._charset.width(text[: found.start()]))
        return text

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        text = self._decode(b"\x1f".join(raws))[0]
        if self._unclean(text):
            raise Unclean
        return separated(text, len(raws), trim=blanks_of(self.pad) if trim else "")

    def write(self, text: str) -> bytes:
        if found := self._wrong.search(text) or self._charset._refused.search(text):  # noqa: SLF001  # its own part
            raise damage("DEC-008", character=found.start() + 1)
        return self._charset.encode(text)

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = self.write(text)
        filler = padding(self._charset.encode(pad), length - len(raw), b" ")
        return filler + raw if right else raw + filler

    def blanks(self, length: int) -> frozenset[bytes]:
        return frozenset((b" " * length,))


class _Narrow(_Form):
    """「半角」 One column wide: ASCII, half-width kana, Latin letters where the charset has them as such."""

    def __init__(self, charset: NativeCharset, also: str) -> None:
        super().__init__(charset, "x")
        self._wrong = re.compile(f"[^\\x20-\\x7e{also}]")
        self._unclean = re.compile(f"[^\\x20-\\x7e{also}{SEPARATOR}]").search
        self._single = "".join(map(self._alone, range(256)))
        self._bytes = ByteTable(self._single)

    def _alone(self, byte: int) -> str:
        """What a byte is by itself, or the separator; U+FFFE where it is none of the characters."""
        try:
            char = self._decode(bytes((byte,)))[0]
        except UnicodeDecodeError:
            return NONE
        return NONE if self._unclean(char) else char

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = self._bytes.column(raws, trim=" " if trim else "")
        if texts is not None:
            return texts
        joined = b"\x1f".join(raws)
        try:
            text = codecs.charmap_decode(joined, "strict", self._single)[0]
        except UnicodeDecodeError:
            text = self._decode(joined)[0]
            if self._unclean(text):
                raise Unclean from None
        return separated(text, len(raws), trim=None if trim else "")


class _Wide(_Form):
    """「全角」 Two columns wide. Half-width spaces at the end are padding, not content."""

    pad = "　"

    def __init__(self, charset: NativeCharset, also: str = _KANA) -> None:
        super().__init__(charset, f"\\x20-\\x7e{also}")

    def read(self, raw: bytes) -> str:
        return super().read(raw.rstrip(b" "))

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        return super().read_all([raw.rstrip(b" ") for raw in raws], trim=trim)

    def blanks(self, length: int) -> frozenset[bytes]:
        if self._name in {"ascii", "latin-1"}:
            return frozenset((b" " * length,))
        unit = self._charset.encode("　")
        return frozenset(unit * n + b" " * (length - n * len(unit)) for n in range(length // len(unit) + 1))


class _TwoByte(_Wide):
    """CP932: text is wide when, and only when, every character took two bytes; no single byte begins two."""

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = self._pairs.column(raws, trim=" 　" if trim else "")
        if texts is not None:
            return texts
        joined = _BETWEEN.join(raws)
        if b" " in joined:
            joined = _BETWEEN.join([raw.rstrip(b" ") for raw in raws])
        return separated(self._pairs.text(joined), len(raws), trim=None if trim else "")

    @cached_property
    def _pairs(self) -> PairTable:
        codes = (lead << 8 | trail for lead in _LEADS for trail in range(0x40, 0xFD))
        chars = {code: char for code in codes if (char := self._char(code.to_bytes(2, "big")))}
        return PairTable({0x1F1F: SEPARATOR} | chars)

    def _char(self, code: bytes) -> str:
        """Empty for what is no character of two bytes."""
        try:
            return self.read(code)
        except InputError:
            return ""


_BETWEEN = b"\x1f\x1f"
_LEADS = (*range(0x81, 0xA0), *range(0xE0, 0xFD))
"""First bytes of two in CP932."""
