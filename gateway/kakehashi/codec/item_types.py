"""From an item of a layout to what reads and writes it."""

from __future__ import annotations

from collections.abc import Callable

from kakehashi.codec.charset import charset_named
from kakehashi.codec.code_table import CodeTable
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.item_codec import ItemCodec, LimitedCodec, NilCodec
from kakehashi.codec.item_date import DateCodec
from kakehashi.codec.item_decimal import PackedCodec, ZonedCodec
from kakehashi.codec.item_memory import RememberingCodec
from kakehashi.codec.item_number import BinaryCodec, SignedCodec
from kakehashi.codec.item_text import DigitsCodec, TextCodec
from kakehashi.codec.item_zero import ZeroCodec
from kakehashi.codec.layout import Item, ItemType
from kakehashi.codec.nil import nil_contents, zero_contents
from kakehashi.codec.text_form import Charset, TextForm

__all__ = ["compile_item", "text_form"]

_SHORT = 3
"""Bytes of items that are codes."""


def compile_item(
    item: Item,
    *,
    charset: str,
    shift: str,
    varying: bool,
    measure: Callable[[bytes], int] = len,
    gaiji: tuple[CodeTable, ...] = (),
) -> ItemCodec:
    """The codec of one occurrence. `varying`: the width is up to `length` and nothing is padded unless `pad` says so.

    `measure` gives the width of a content that varies.

    `charset`, `shift` and `gaiji` are the layout's; the item's own come first. Raises InputError CFG-006 for an
    unknown charset.
    """
    chars = charset_named(item.charset or charset, gaiji)
    shift = item.shift or shift
    codec: ItemCodec = _bare(item, chars, shift, varying=varying)
    if varying:
        codec = LimitedCodec(codec, most=item.length, measure=measure)
    form = text_form(item, chars, shift)
    if item.zero:
        codec = ZeroCodec(codec, zero_contents(item, chars, form, varying=varying))
    contents = nil_contents(item, chars, form, varying=varying)
    if contents:
        codec = NilCodec(codec, nil=frozenset(contents), written=contents[0], required=item.required)
    few = item.type is ItemType.DATE or item.length <= _SHORT
    return RememberingCodec(codec, length=item.length) if few else codec


def text_form(item: Item, charset: Charset, shift: str) -> TextForm:
    """In which form of the charset the item's characters stand."""
    if item.type is not ItemType.FULLWIDTH:
        if item.type is ItemType.HALFWIDTH and item.shift == "embedded" and isinstance(charset, HostCharset):
            return charset.mixed
        return charset.narrow
    return charset.shifted if shift == "embedded" else charset.wide


def _bare(item: Item, charset: Charset, shift: str, *, varying: bool) -> ItemCodec:
    length = None if varying and not item.pad else item.length
    match item.type:
        case ItemType.HALFWIDTH | ItemType.FULLWIDTH:
            form = text_form(item, charset, shift)
            return TextCodec(form, length=length, pad=item.pad, right=item.justify == "right", trim=item.trim)
        case ItemType.DIGITS:
            return DigitsCodec(charset, length=length, pad=item.pad, right=item.justify != "left")
        case ItemType.DATE:
            return DateCodec(charset, form=item.date)
        case ItemType.SIGNED:
            return SignedCodec(charset, length=length, decimals=item.decimals, pad=item.pad, signed=item.signed)
        case _:
            return _coded_number(item, charset)


def _coded_number(item: Item, charset: Charset) -> ItemCodec:
    if item.type is ItemType.PACKED:
        return PackedCodec(length=item.length, decimals=item.decimals, signed=item.signed)
    if item.type is ItemType.ZONED:
        return ZonedCodec(host=charset.host, length=item.length, decimals=item.decimals, signed=item.signed)
    return BinaryCodec(length=item.length, decimals=item.decimals, signed=item.signed)
