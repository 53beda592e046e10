"""「半角コード」 The single bytes of Fujitsu, Hitachi and NEC, composed from what EBCDIC pages have in common.

Letters, digits and the invariant signs stand as in every EBCDIC page; half-width katakana as in IBM's 290 (Fujitsu,
NEC and Hitachi EBCDIK) or in the free places of the EBCDIC of ANSI X3.26 in ascending order (Hitachi EBCDIC). The
signs that vary are told one by one below, from the vendors' published tables: Fujitsu, "NETSTAGE/FIC" and
"Linkexpress" manuals, standard code conversion tables; Hitachi, "uCosminexus Interschema", appendix K.4; NEC,
"WebOTX OLF adapter", code conversion. Small letters of NEC's EBCDIK are left out: public
sources place them differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from kakehashi.codec.stored_table import stored_pages
from kakehashi.codec.text_form import NONE

__all__ = ["VENDOR_PAGES", "vendor_page"]

_INVARIANT = " .<(+&*);-/,%_>?:#@'=\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SMALL = "abcdefghijklmnopqrstuvwxyz"
_KANA = "".join(map(chr, range(0xFF61, 0xFFA0)))
_COMMON = {0x79: "`", 0xA1: "~", 0xC0: "{", 0xD0: "}"}
_X326 = {0x4A: "[", 0x4F: "!", 0x5A: "]", 0x5F: "^"}
_Spans = tuple[tuple[int, int], ...]
_FREE_X326: _Spans = (
    *((0x42, 0x49), (0x51, 0x59), (0x62, 0x69), (0x70, 0x78)),
    *((0x80, 0x80), (0x8A, 0x90), (0x9A, 0xA0), (0xAA, 0xB7)),
)
_SMALL_EBCDIK: _Spans = (
    *((0x59, 0x59), (0x62, 0x69), (0x70, 0x78), (0x80, 0x80), (0x8B, 0x8B)),
    *((0x9B, 0x9C), (0xA0, 0xA0), (0xAB, 0xAB), (0xB0, 0xB1)),
)


def _places(spans: _Spans) -> list[int]:
    return [code for first, last in spans for code in range(first, last + 1)]


def _from(page: str, chars: Iterable[str]) -> dict[int, str]:
    table = stored_pages()[page]
    return {table.index(char): char for char in chars}


def _fujitsu(**more: str) -> dict[int, str]:
    signs = {0x4A: "£", 0x4F: "|", 0x5A: "!", 0x5B: "\\", 0x6A: "¦", 0xE0: "$"}
    return _from("cp037", _INVARIANT) | _COMMON | signs | {int(code[1:], 16): char for code, char in more.items()}


def _pages() -> dict[str, Mapping[int, str]]:
    base, kana, small = _from("cp037", _INVARIANT) | _COMMON, _from("cp290", _KANA), _from("cp037", _SMALL)
    hitachi = base | _X326 | {0x5B: "\\", 0x6A: "|", 0xE0: "$"}
    letters = dict(zip(_places(_SMALL_EBCDIK), _SMALL, strict=True))
    ascii_ = base | _X326 | small | {0x5B: "$", 0x6A: "¦", 0xE0: "\\"}
    return {
        "fujitsu-ebcdic": _fujitsu(x5F="^") | small,
        "fujitsu-ebcdik": _fujitsu(x5F="¬") | kana,
        "fujitsu-ascii": ascii_,
        "hitachi-ebcdic": hitachi | small | dict(zip(_places(_FREE_X326), _KANA, strict=True)),
        "hitachi-ebcdik": hitachi | kana | letters,
        "nec-ebcdik": hitachi | kana,
        "jis-x0201": dict(enumerate(map(chr, range(0x20, 0x7F)), 0x20)) | dict(enumerate(_KANA, 0xA1)),
    }


VENDOR_PAGES = (
    "fujitsu-ebcdic",
    "fujitsu-ebcdik",
    "fujitsu-ascii",
    "hitachi-ebcdic",
    "hitachi-ebcdik",
    "nec-ebcdik",
    "jis-x0201",
)


@cache
def vendor_page(name: str) -> str:
    """The 256 characters of a page, U+FFFE where a byte means nothing. jis-x0201 is ASCII with katakana."""
    page = _pages()[name]
    return "".join(page.get(byte, NONE) for byte in range(256))
