"""Records ended by whatever stands behind the first of them: CRLF, LF, CR, NEL, or nothing 「全銀」."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakehashi.codec.framing import FixedFraming, Frames, Framing, LineFraming, Readable

__all__ = ["AnyFraming"]

_BLOCK = 1 << 20
_ENDS = (b"\r\n", b"\n", b"\r", b"\x15", b"\x85")
_LINE_END = re.compile(rb"\r\n?|\n")


class AnyFraming:
    """`length`: of every record; None: they have none in common, and only CR and LF end them. Each slice tells anew:
    it begins with a record.
    """

    separator = b"\r\n"
    """What is written."""
    fixed = False

    def __init__(self, length: int | None, *, headings: int = 0) -> None:
        self._length = length
        self._headings = headings

    def cut(self, data: bytes) -> Frames:
        return self._found(data).cut(data)

    def stream(self, stream: Readable) -> Iterator[Frames]:
        first = b""
        while len(first) < _BLOCK and (chunk := stream.read(_BLOCK - len(first))):
            first += chunk
        yield from self._found(first).stream(_Again(first, stream))

    def _found(self, data: bytes) -> Framing:
        length = self._length
        if length is not None:
            exact = next((end for end in _ENDS if data.startswith(end, length)), b"")
            if exact:
                return LineFraming(exact)
            if len(data) % length == 0:
                return FixedFraming(length)
        found = _LINE_END.search(data)
        if found is None and length is not None:
            return FixedFraming(length)
        return LineFraming(found[0] if found else self.separator, headings=self._headings)


class _Again:
    """A stream of which the beginning was read already."""

    def __init__(self, first: bytes, rest: Readable) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int) -> bytes:
        if not self._first:
            return self._rest.read(size)
        chunk, self._first = self._first[:size], self._first[size:]
        return chunk
