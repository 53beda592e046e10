"""How records lie in a file: one after another (F, FB), or ended by a line end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol, overload

from kakehashi.codec.text_form import damage

__all__ = ["FixedFraming", "Frames", "Framing", "LineFraming", "Readable", "Strided"]

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 20
_EOF = b"\x1a"
"""DOS and CP/M end a file with it, some of them fill the last block with it."""


class Frames(NamedTuple):
    """Records without their separators. Record i, separator included, is the bytes [starts[i], starts[i+1])."""

    payloads: Sequence[bytes]
    starts: Sequence[int]
    whole: bool = True
    """False: the last record lacks its end."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Framing(Protocol):
    separator: bytes
    fixed: bool
    """Records have no ends of their own: half a one has no type."""

    def cut(self, data: bytes, /) -> Frames:
        """The records of a slice."""

    def stream(self, stream: Readable, /) -> Iterator[Frames]:
        """The records of a file in order, `starts` counted from its first byte. Reads a block at a time.

        Raises InputError with the offset when the file cannot be cut at all.
        """


class Strided(Sequence[bytes]):
    """Records of `length` bytes that lie one after another in `data`; the last may be shorter."""

    __slots__ = ("data", "length")

    def __init__(self, data: bytes, length: int) -> None:
        self.data = data
        self.length = length

    def __len__(self) -> int:
        return (len(self.data) + self.length - 1) // self.length

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            places = range(len(self))[index]
            if places.step == 1:
                return Strided(self.data[places.start * self.length : places.stop * self.length], self.length)
            return [self[each] for each in places]
        start = range(len(self))[index] * self.length
        return self.data[start : start + self.length]


class FixedFraming:
    """F and FB: every record has `length` bytes."""

    separator = b""
    fixed = True

    def __init__(self, length: int) -> None:
        self._length = length

    def cut(self, data: bytes) -> Frames:
        return self._frames(data, 0)

    def _frames(self, data: bytes, base: int) -> Frames:
        length, size = self._length, len(data)
        whole = size % length == 0
        starts = range(base, base + size + 1, length)
        return Frames(Strided(data, length), starts if whole else [*starts, base + size], whole)

    def stream(self, stream: Readable) -> Iterator[Frames]:
        block = max(_BLOCK // self._length, 1) * self._length
        base, rest = 0, b""
        while chunk := stream.read(block):
            rest += chunk
            usable = len(rest) - len(rest) % self._length
            if usable:
                yield self._frames(rest[:usable], base)
                base, rest = base + usable, rest[usable:]
        if rest.strip(_EOF):
            yield self._frames(rest, base)


class LineFraming:
    """Records of any length, each ended by `separator`, behind so many lines of headings 「見出し行」 in a file."""

    fixed = False

    def __init__(self, separator: bytes, *, headings: int = 0) -> None:
        self.separator = separator
        self._headings = headings

    def cut(self, data: bytes) -> Frames:
        return self._frames(data, 0)

    def _frames(self, data: bytes, base: int) -> Frames:
        payloads = data.split(self.separator)
        whole = not payloads[-1]
        if whole:
            payloads.pop()
        width = len(self.separator)
        starts = list(accumulate((len(payload) + width for payload in payloads), initial=base))
        starts[-1] = base + len(data)
        return Frames(payloads, starts, whole)

    def stream(self, stream: Readable) -> Iterator[Frames]:
        base, rest, headings = 0, b"", self._headings
        while chunk := stream.read(_BLOCK):
            rest += chunk
            while headings and (end := rest.find(self.separator) + len(self.separator)) >= len(self.separator):
                base, rest, headings = base + end, rest[end:], headings - 1
            usable = 0 if headings else rest.rfind(self.separator) + len(self.separator)
            if usable >= len(self.separator):
                yield self._frames(rest[:usable], base)
                base, rest = base + usable, rest[usable:]
            if len(rest) > _LONGEST_LINE:
                raise damage("DEC-003", base, most=_LONGEST_LINE)
        rest = rest.rstrip(_EOF)
        if rest and not headings:
            yield self._frames(rest, base)
