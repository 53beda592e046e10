"""Character sets by the names that layouts use, strict in both directions.

A byte or a character without a meaning is a fault with its place; nothing is ever replaced.
"""

from __future__ import annotations

from functools import cache

from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.text_form import Charset
from kakehashi.errors import InputError

__all__ = ["CHARSETS", "Charset", "charset_named"]

CHARSETS: dict[str, str] = {
    **dict.fromkeys(("cp932", "ms932", "windows-31j", "shift_jis", "shift-jis", "sjis"), "cp932"),
    **dict.fromkeys(("euc-jp", "euc_jp", "eucjp"), "euc_jp"),
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("ascii", "us-ascii"), "ascii"),
    **dict.fromkeys(("latin-1", "latin1", "iso-8859-1"), "latin-1"),
    **dict.fromkeys(("cp930", "ibm930", "ibm-930"), "cp930"),
    **dict.fromkeys(("cp939", "ibm939", "ibm-939"), "cp939"),
}
"""Name in a layout → charset. Shift_JIS means CP932: that is what legacy files hold, whatever they declare."""


def charset_named(name: str) -> Charset:
    """The charset of that name, in any case. Raises InputError CFG-006 for an unknown one."""
    known = CHARSETS.get(name.lower())
    if known is None:
        raise InputError("CFG-006", charset=name)
    return _charset(known)


@cache
def _charset(name: str) -> Charset:
    if name in {"cp930", "cp939"}:
        return HostCharset.load(name)
    return NativeCharset(name)
