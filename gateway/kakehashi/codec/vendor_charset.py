"""「メーカー漢字コード」 Fujitsu JEF, Hitachi KEIS and NEC JIPS: JIS X 0208 by row and cell.

JEF and KEIS add A0A0 to row and cell, JIPS(J) adds 2020; JIPS(E) is JIPS(J) with each byte put through NEC's JIS8 →
EBCDIK rule. The wide space of JEF and KEIS is 4040; A1A1 is read too. Extension areas (拡張漢字) and gaiji come in
through a table of the site (code_table.py): nothing public says what they hold.

The JIS8 → EBCDIK rule for 21–7E, which both bytes go through, is told in two ways in public; this is the one that
turns the shift codes 1A70 and 1A71 of JIPS(J) into 3F75 and 3F76 of JIPS(E). They differ in 61–7A only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.kanji_grid import Edition, kanji_grid, twins
from kakehashi.codec.shift_code import Shifts
from kakehashi.codec.vendor_page import vendor_page

__all__ = ["VENDOR_CHARSETS", "vendor_charset"]

_TO_JIPS_E = bytes.fromhex(
    "4F7F7BE06C507D4D5D5C4E6B604B61 F0F1F2F3F4F5F6F7F8F97A5E4C7E6E6F 7CC1C2C3C4C5C6C7C8C9D1D2D3D4D5D6"
    "D7D8D9E2E3E4E5E6E7E8E94A5B5A5F6D 7957596263646566676869707172737475767778808B9B9CA0ABB0C06AD0A1"
)
"""JIS8 21–7E → EBCDIK, as NEC's JIPS(E) applies it to each byte."""
_WIDE_SPACE = "　"


@dataclass(frozen=True, slots=True)
class _Family:
    """How one vendor frames and numbers double bytes. `add`: to row and cell; `space`: the code of the wide space."""

    shifts: Shifts
    add: int
    space: int | None = None
    bytes_: bytes | None = None
    """JIS8 21–7E → the byte that is written."""

    def code(self, row: int, cell: int) -> int:
        high, low = row + self.add, cell + self.add
        if self.bytes_ is not None:
            high, low = self.bytes_[high - 0x21], self.bytes_[low - 0x21]
        return high << 8 | low


_JEF = _Family(Shifts(openers=(b"\x28", b"\x38", b"\x30\xe2"), closer=b"\x29"), 0xA0, 0x4040)
_KEIS = _Family(Shifts(openers=(b"\x0a\x42",), closer=b"\x0a\x41"), 0xA0, 0x4040)
_JIPS_J = Shifts(openers=(b"\x1a\x70",), closer=b"\x1a\x71")
_JIS_JIPS_J = _Family(Shifts(openers=(b"\x1a\x70",), closer=b"\x1a\x71", space=b"\x20"), 0x20)
_JIPS_E = _Family(Shifts(openers=(b"\x3f\x75",), closer=b"\x3f\x76"), 0x20, bytes_=_TO_JIPS_E)

VENDOR_CHARSETS: Mapping[str, tuple[_Family, Edition, str]] = {
    "jef-ebcdic": (_JEF, Edition.JIS78, "fujitsu-ebcdic"),
    "jef-ebcdik": (_JEF, Edition.JIS78, "fujitsu-ebcdik"),
    "jef-ascii": (_JEF, Edition.JIS78, "fujitsu-ascii"),
    **{f"keis78-{page}": (_KEIS, Edition.JIS78, f"hitachi-{page}") for page in ("ebcdic", "ebcdik")},
    **{f"keis83-{page}": (_KEIS, Edition.JIS83, f"hitachi-{page}") for page in ("ebcdic", "ebcdik")},
    **{f"keis90-{page}": (_KEIS, Edition.JIS90, f"hitachi-{page}") for page in ("ebcdic", "ebcdik")},
    "jips-j": (_JIS_JIPS_J, Edition.JIS78, "jis-x0201"),
    "jips-j-ebcdik": (_Family(_JIPS_J, 0x20), Edition.JIS78, "nec-ebcdik"),
    "jips-e": (_JIPS_E, Edition.JIS78, "nec-ebcdik"),
}
"""Charset → how its double bytes are made, of which edition, with which single bytes."""


def vendor_charset(name: str) -> HostCharset:
    """The charset of that name, standard part only."""
    family, edition, page = VENDOR_CHARSETS[name]
    double = {family.code(row, cell): char for (row, cell), char in kanji_grid(edition).items()}
    extra = twins({char: code for code, char in double.items()}, vendor_page(page))
    if family.space is not None:
        double[family.space] = _WIDE_SPACE
        extra[_WIDE_SPACE] = family.space
    host = page != "jis-x0201"
    return HostCharset(name, vendor_page(page), double, extra, family.shifts, host=host)
