"""What a first script does with a record: a slice, a decode and a strip for every item, one record after another."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from kakehashi.codec.charset import charset_named
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.layout import Item, ItemType, Layout, Value
from kakehashi.domain.japanese_date import parse_date

__all__ = ["naive_reader"]


def naive_reader(layout: Layout) -> Callable[[bytes], list[dict[str, Value]]]:
    """Reads a run of records. It trusts them: what is wrong may raise anything, or go unnoticed."""
    charset = charset_named(layout.charset)
    decode = _host(charset) if isinstance(charset, HostCharset) else lambda raw, _: raw.decode(charset.name)
    length, items = layout.data.length, layout.data.items

    def read(data: bytes) -> list[dict[str, Value]]:
        rows = []
        for at in range(0, len(data), length):
            record = data[at : at + length]
            rows.append({item.name: _value(record[item.start : item.start + item.length], item, decode)
                         for item in items})  # fmt: skip
        return rows

    return read


def _value(raw: bytes, item: Item, decode: Callable[[bytes, bool], str]) -> Value:
    match item.type:
        case ItemType.PACKED:
            number = _packed(raw)
            return Decimal(number).scaleb(-item.decimals) if item.decimals else number
        case ItemType.ZONED:
            digits = int(bytes(0x30 | byte & 15 for byte in raw))
            return -digits if raw[-1] >> 4 in {7, 13} else digits
        case ItemType.BINARY:
            return int.from_bytes(raw, "big", signed=True)
        case ItemType.DATE:
            text = decode(raw, False).strip()
            return parse_date(text, item.date) if text.strip("0") else None
        case _:
            return decode(raw, item.type is ItemType.FULLWIDTH).strip(" 　")


def _packed(raw: bytes) -> int:
    number = 0
    for byte in raw[:-1]:
        number = number * 100 + (byte >> 4) * 10 + (byte & 15)
    number = number * 10 + (raw[-1] >> 4)
    return -number if raw[-1] & 15 == 13 else number


def _host(charset: HostCharset) -> Callable[[bytes, bool], str]:
    """Character by character, in one of two states."""
    single, double = charset.single, charset.double
    opener, closer = charset.shifts.opener, charset.shifts.closer

    def decode(raw: bytes, begins_wide: bool) -> str:  # noqa: FBT001  # as the other decoders here
        chars, at, wide = [], 0, begins_wide
        while at < len(raw):
            if raw.startswith(opener, at):
                wide, at = True, at + len(opener)
            elif raw.startswith(closer, at):
                wide, at = False, at + len(closer)
            elif wide:
                chars.append(double[raw[at] << 8 | raw[at + 1]])
                at += 2
            else:
                chars.append(single[raw[at]])
                at += 1
        return "".join(chars)

    return decode
