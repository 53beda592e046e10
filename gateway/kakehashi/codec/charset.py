"""Character sets by the names that layouts use, strict in both directions.

A byte or a character without a meaning is a fault with its place; nothing is ever replaced.
"""

from __future__ import annotations

from functools import cache, lru_cache

from kakehashi.codec.charset_name import CHARSETS, family_of
from kakehashi.codec.code_table import CodeTable
from kakehashi.codec.cp932 import cp932
from kakehashi.codec.escape_charset import EscapeCharset
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.native_table import tabled_charset
from kakehashi.codec.overlay import with_table
from kakehashi.codec.stored_table import stored_pages
from kakehashi.codec.text_form import Charset
from kakehashi.codec.vendor_charset import VENDOR_CHARSETS, vendor_charset
from kakehashi.codec.vendor_page import VENDOR_PAGES, vendor_page
from kakehashi.errors import InputError

__all__ = ["CHARSETS", "Charset", "charset_named"]

_MIXED = ("cp930", "cp939", "cp1390", "cp1399")


def charset_named(name: str, gaiji: tuple[CodeTable, ...] = ()) -> Charset:
    """The charset of that name, in any case, with those of the tables that are for its family laid over it.

    Raises InputError CFG-006 for an unknown one; ConfigurationError as `with_table`.
    """
    known = CHARSETS.get(name.lower())
    if known is None:
        raise InputError("CFG-006", charset=name)
    own = tuple(table for table in gaiji if table.charset in {"", family_of(name)}) if gaiji else ()
    return _with_gaiji(known, own) if own else _charset(known)


@lru_cache(maxsize=64)
def _with_gaiji(name: str, gaiji: tuple[CodeTable, ...]) -> Charset:
    return with_table(_charset(name), *gaiji)


@cache
def _charset(name: str) -> Charset:
    if name in _MIXED:
        return HostCharset.load(name)
    if name in VENDOR_CHARSETS:
        return vendor_charset(name)
    if name in VENDOR_PAGES:
        return HostCharset(name, vendor_page(name), {}, {}, host=name != "jis-x0201")
    if name in stored_pages():
        return HostCharset(name, stored_pages()[name], {}, {})
    return _local(name)


def _local(name: str) -> Charset:
    """A charset of PCs and Unix, not of a host."""
    if name.startswith("iso2022"):
        return EscapeCharset(name)
    if name in {"cp943", "eucjp-ms"}:
        return tabled_charset(name)
    if name.startswith("cp932"):
        return cp932(name)
    return NativeCharset(name)
