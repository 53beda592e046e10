"""Records behind descriptor words 「RDW・BDW」: V and VB."""

from __future__ import annotations

import struct
from itertools import repeat

from kakehashi.codec.records.cut import Cut, impossible, too_short
from kakehashi.codec.records.spec import RecordSpec, Word
from kakehashi.errors import InputError

__all__ = ["LARGE", "BlockCutter", "WordCutter"]

_WORD = 4
_LONGEST_BLOCK = 1 << 24
LARGE = 0x8000_0000
"""First bit of a BDW: the block has a length of 31 bits (large block interface)."""


class WordCutter:
    """V: an RDW before each record."""

    def __init__(self, spec: RecordSpec) -> None:
        word = spec.rdw
        self._read = struct.Struct(">I" if word.big_endian else "<I").unpack_from
        self._shift = word.shift
        self._zeros = 0xFFFF << (16 - word.shift)
        self._least = _least(word)
        self._more = word.adjustment + (0 if word.inclusive else _WORD)
        self._longest = spec.longest + _WORD
        self._shortest = max(spec.shortest, 0) + _WORD

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        return self.within(data, base, 0, len(data), last=last)

    def within(self, data: bytes, base: int, at: int, size: int, *, last: bool) -> Cut:
        """The records of data[at:size]."""
        read, shift, zeros, more = self._read, self._shift, self._zeros, self._more
        least, shortest, longest = self._least, self._shortest, self._longest
        offsets: list[int] = []
        records: list[bytes] = []
        place, record = offsets.append, records.append
        begin = base + _WORD
        damage = None
        while at + _WORD <= size:
            (word,) = read(data, at)
            said = word >> shift & 0xFFFF
            length = said + more
            if word & zeros or said < least or not shortest <= length <= longest:
                damage = self._impossible(word, base + at)
                break
            end = at + length
            if end > size:
                break
            place(begin + at)
            record(data[at + _WORD : end])
            at = end
        if last and damage is None and at < size:
            damage = self._truncated(data, at, size, base)
        return Cut(offsets, records, at, damage)

    def _impossible(self, word: int, offset: int) -> InputError:
        said = word >> self._shift & 0xFFFF
        if word & self._zeros:
            return impossible(offset, length=said, reason="the other two bytes are not zero")
        return impossible(offset, length=said, least=self._shortest - _WORD, most=self._longest - _WORD)

    def _truncated(self, data: bytes, at: int, size: int, base: int) -> InputError:
        expected = _WORD
        if at + _WORD <= size:
            expected = (self._read(data, at)[0] >> self._shift & 0xFFFF) + self._more
        return too_short(base + at, length=size - at, expected=expected)


class BlockCutter:
    """VB: a BDW before each block of records with RDWs. Records fill their block exactly."""

    def __init__(self, spec: RecordSpec) -> None:
        self._word: Word = spec.bdw
        self._inner = WordCutter(spec)

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        at, size = 0, len(data)
        offsets: list[int] = []
        records: list[bytes] = []
        heads: list[bytes] = []
        done = Cut(offsets, records, 0, heads=heads)
        while at + _WORD <= size and done.damage is None:
            length = self._length(data, at)
            if not 2 * _WORD <= length <= _LONGEST_BLOCK:
                done.damage = impossible(base + at, block=length)
                break
            end = at + length
            if end > size and not last:
                break
            inner = self._inner.within(data, base, at + _WORD, min(end, size), last=True)
            offsets += inner.offsets
            records += inner.records
            heads += [data[at : at + _WORD], *repeat(b"", len(inner.records) - 1)][: len(inner.records)]
            done.damage = self._outer(inner, cut_off=end > size, block=base + at, length=length)
            at = inner.used
            if end > size and done.damage is None:
                done.damage = too_short(base + at, length=0, expected=end - size)
        if last and done.damage is None and at < size:
            done.damage = too_short(base + at, length=size - at, expected=_WORD)
        done.used = at
        return done

    def _outer(self, inner: Cut, *, cut_off: bool, block: int, length: int) -> InputError | None:
        """A record that goes beyond its block is a wrong length, unless the file ends there."""
        found = inner.damage
        if found is None or cut_off or found.fault.code != "DEC-002":
            return found
        return impossible(found.fault.place.offset or 0, block=length, block_at=block)

    def _length(self, data: bytes, at: int) -> int:
        """Of the block, its word included; -1 where its other bytes are not zero, or it says less than it must."""
        word = int.from_bytes(data[at : at + _WORD], "big" if self._word.big_endian else "little")
        more = self._word.adjustment + (0 if self._word.inclusive else _WORD)
        if word & LARGE and self._word.shift:
            return (word & ~LARGE) + more
        if word & 0xFFFF << (16 - self._word.shift):
            return -1
        said = word >> self._word.shift & 0xFFFF
        return said + more if said >= _least(self._word) else -1


def _least(word: Word) -> int:
    """What a word must say: itself, or something behind it."""
    return _WORD if word.inclusive else 1
