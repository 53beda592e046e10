"""CP932 and which of two codes it writes: 388 characters have an IBM extension code, many of them two or three.

NEC's row 13 (87xx), NEC's selection of IBM's extensions (ED, EE) and IBM's extensions (FA–FC) overlap one another and
JIS X 0208. All of them are read alike; a layout declares what is written:

- cp932: as Windows does: JIS X 0208, then NEC's row 13, then IBM's extensions
- cp932-nec: JIS X 0208, then NEC's row 13, then NEC's selection (what Python writes)
- cp932-ibm: IBM's extensions before everything else
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from kakehashi.codec.native_charset import NativeCharset

__all__ = ["cp932"]

_decode, _encode = codecs.getdecoder("cp932"), codecs.getencoder("cp932")
_TRAILS = frozenset((*range(0x40, 0x7F), *range(0x80, 0xFD)))
_OLDER = {0x81, 0x87}
"""First bytes of JIS X 0208's symbols and NEC's row 13."""


def cp932(name: str) -> NativeCharset:
    """One of the three, by its name."""
    if name == "cp932-nec":
        return NativeCharset(name, _decode, _encode)
    codes = _ibm_extensions()
    if name == "cp932":
        codes = {char: code for char, code in codes.items() if _encode(char)[0][0] not in _OLDER}
    return _preferring(name, codes)


def _ibm_extensions() -> dict[str, bytes]:
    last = 0xFC4B
    raws = (code.to_bytes(2, "big") for code in range(0xFA40, last + 1) if code & 0xFF in _TRAILS)
    return {raw.decode("cp932"): raw for raw in raws}


def _preferring(name: str, codes: Mapping[str, bytes]) -> NativeCharset:
    chars = frozenset(codes)

    def encode(text: str) -> tuple[bytes, int]:
        if chars.isdisjoint(text):
            return _encode(text)
        parts = []
        for at, char in enumerate(text):
            try:
                parts.append(codes.get(char) or _encode(char)[0])
            except UnicodeEncodeError:
                raise UnicodeEncodeError(name, text, at, at + 1, "no code") from None
        return b"".join(parts), len(text)

    return NativeCharset(name, _decode, encode)
