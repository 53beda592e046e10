"""The names of charsets that a layout may use, in lower case."""

from __future__ import annotations

from collections.abc import Iterable

from kakehashi.codec.vendor_charset import VENDOR_CHARSETS
from kakehashi.codec.vendor_page import VENDOR_PAGES

__all__ = ["CHARSETS", "EBCDIC_PAGES", "family_of"]

EBCDIC_PAGES = (
    *("037", "273", "277", "278", "280", "284", "285", "290", "297", "500", "838", "870", "871", "875"),
    *("1026", "1027", "1047", *map(str, range(1140, 1150))),
)


def _ibm(number: str) -> dict[str, str]:
    forms = dict.fromkeys((number, number.lstrip("0")))
    names = (f"{prefix}{form}" for form in forms for prefix in ("cp", "ibm", "ibm-"))
    return dict.fromkeys(names, f"cp{number}")


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


CHARSETS: dict[str, str] = {
    **dict.fromkeys(("cp932", "ms932", "windows-31j", "shift_jis", "shift-jis", "sjis"), "cp932"),
    **_same(("cp932-nec", "cp932-ibm")),
    **dict.fromkeys(("shift_jis-x0208", "sjis-x0208"), "shift_jis"),
    **dict.fromkeys(("shift_jis-2004", "shift_jis_2004", "sjis-2004"), "shift_jis_2004"),
    **dict.fromkeys(("euc-jp", "euc_jp", "eucjp"), "euc_jp"),
    **dict.fromkeys(("eucjp-ms", "euc-jp-ms", "eucjp-win"), "eucjp-ms"),
    **dict.fromkeys(("euc-jis-2004", "euc_jis_2004"), "euc_jis_2004"),
    **dict.fromkeys(("iso-2022-jp", "jis"), "iso2022_jp"),
    **{f"iso-2022-jp-{kind}": f"iso2022_jp_{kind}" for kind in ("1", "2", "3", "2004", "ext")},
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("ascii", "us-ascii"), "ascii"),
    **dict.fromkeys(("latin-1", "latin1", "iso-8859-1"), "latin-1"),
    **{name: code for number in ("930", "939", "943", "1390", "1399") for name, code in _ibm(number).items()},
    **{name: code for number in EBCDIC_PAGES for name, code in _ibm(number).items()},
    **_same(VENDOR_PAGES),
    **_same(VENDOR_CHARSETS),
    **dict.fromkeys(("jef", "fujitsu-jef"), "jef-ebcdik"),
    **dict.fromkeys(("keis78", "hitachi-keis78"), "keis78-ebcdik"),
    **dict.fromkeys(("keis83", "hitachi-keis83"), "keis83-ebcdik"),
    **dict.fromkeys(("keis90", "hitachi-keis90"), "keis90-ebcdik"),
    **dict.fromkeys(("jips(j)", "jipsj", "nec-jips-j"), "jips-j"),
    **dict.fromkeys(("jips(e)", "jipse", "nec-jips-e"), "jips-e"),
}
"""Name in a layout → charset. Shift_JIS means CP932: that is what legacy files hold, whatever they declare."""

_WITHOUT_ROOM = frozenset(("ebcdic", "ebcdik", "ascii", "nec", "ibm"))
"""Ends of names that say how a code is written or what the single bytes are, not what the gaiji codes mean."""


def family_of(name: str) -> str:
    """Of a charset's name in a layout: jef-ebcdik and jef-ascii have the same codes for gaiji, so have cp932 and
    cp932-ibm.
    """
    known = CHARSETS.get(name.lower(), name.lower())
    base, _, end = known.rpartition("-")
    return base if base and end in _WITHOUT_ROOM else known
