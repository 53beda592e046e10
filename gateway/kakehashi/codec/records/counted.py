"""Records whose length stands in an item of theirs, or in a header of some other shape before them."""

from __future__ import annotations

from collections.abc import Callable

from kakehashi.codec.records.cut import Cut, impossible, too_short
from kakehashi.codec.records.spec import LengthItem, RecordHeader, RecordSpec

__all__ = ["HeaderCutter", "ItemCutter", "length_reader"]


def length_reader(item: LengthItem) -> Callable[[bytes], int | None]:
    """From the beginning of a record, `item.reach` bytes, to its length; None where they hold no number."""
    parts = [(part.offset, part.offset + part.length, part.factor, _content(part)) for part in (item, *item.others)]
    adjustment = item.adjustment + sum(other.adjustment for other in item.others)

    def length(head: bytes) -> int | None:
        total = adjustment
        for start, stop, factor, read in parts:
            number = read(head[start:stop])
            if number is None:
                return None
            total += factor * number
        return total

    return length


def _content(item: LengthItem) -> Callable[[bytes], int | None]:
    match item.kind:
        case "big":
            return lambda raw: int.from_bytes(raw, "big")
        case "little":
            return lambda raw: int.from_bytes(raw, "little")
        case "packed":
            return _packed
        case "table":
            return item.lengths.get
        case kind:
            return _ascii if kind == "ascii" else _ebcdic


def _ascii(raw: bytes) -> int | None:
    text = raw.strip(b" ")
    return int(text) if text.isdigit() else None


def _ebcdic(raw: bytes) -> int | None:
    return _ascii(raw.translate(_DIGITS))


_DIGITS = bytes(0x30 + byte - 0xF0 if 0xF0 <= byte <= 0xF9 else 0x20 if byte == 0x40 else 0 for byte in range(256))


def _packed(raw: bytes) -> int | None:
    digits, sign = raw.hex()[:-1], raw.hex()[-1:]
    return int(digits) if digits.isdigit() and sign in {"c", "f", "a", "e"} else None


class ItemCutter:
    """An item of the record says how long the record is."""

    def __init__(self, spec: RecordSpec) -> None:
        assert spec.length_item is not None
        self._start = spec.length_item.offset
        self._reach = spec.length_item.reach
        self._length = length_reader(spec.length_item)
        self._least = max(spec.shortest, self._reach if spec.length_item.kind != "table" else 1)
        self._most = spec.longest

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        at, size = 0, len(data)
        start, reach = self._start, self._reach
        offsets: list[int] = []
        records: list[bytes] = []
        done = Cut(offsets, records, 0)
        while at + reach <= size:
            length = self._length(data[at : at + reach])
            if length is None or not self._least <= length <= self._most:
                facts = {} if length is None else {"length": length}
                done.damage = impossible(base + at + start, least=self._least, most=self._most, **facts)
                break
            if at + length > size:
                break
            offsets.append(base + at)
            records.append(data[at : at + length])
            at += length
        if last and done.damage is None and at < size:
            expected = self._length(data[at : at + reach]) if at + reach <= size else reach
            done.damage = too_short(base + at, length=size - at, expected=expected or reach)
        done.used = at
        return done


class HeaderCutter:
    """A header of declared shape before each record."""

    def __init__(self, spec: RecordSpec) -> None:
        assert spec.header is not None
        self._header: RecordHeader = spec.header
        self._least, self._most = spec.shortest, spec.longest

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        at, size, width = 0, len(data), self._header.width
        offsets: list[int] = []
        records: list[bytes] = []
        done = Cut(offsets, records, 0, heads=[])
        assert done.heads is not None
        while at + width <= size:
            head = data[at : at + width]
            length = self._length(head)
            counts = self._counts(head)
            if not self._least <= length <= self._most or not (counts or self._header.skip_others):
                done.damage = impossible(base + at, length=length, valid="yes" if counts else "no")
                break
            end = at + width + length
            if end > size:
                break
            if counts:
                offsets.append(base + at + width)
                records.append(data[at + width : end])
                done.heads.append(head)
            at = end
        if last and done.damage is None and at < size:
            expected = width + (self._length(data[at : at + width]) if at + width <= size else 0)
            done.damage = too_short(base + at, length=size - at, expected=expected)
        done.used = at
        return done

    def _length(self, head: bytes) -> int:
        header = self._header
        raw = head[header.length_at : header.length_at + header.length_width]
        said = int.from_bytes(raw, "big" if header.big_endian else "little")
        return said + header.adjustment - (header.width if header.inclusive else 0)

    def _counts(self, head: bytes) -> bool:
        header = self._header
        return not header.valid or head[header.valid_at : header.valid_at + header.valid_width] in header.valid
