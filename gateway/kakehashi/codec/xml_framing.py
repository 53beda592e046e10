"""The record elements of a slice of legacy XML as frames."""

from __future__ import annotations

from collections.abc import Iterator

from kakehashi.codec.framing import Frames, Readable
from kakehashi.codec.xml_scanner import TagScanner
from kakehashi.errors import InputError

__all__ = ["XmlFraming"]


class XmlFraming:
    """What lies between two records belongs to the first; what is no whole record at the end is a broken one."""

    separator = b""
    fixed = False

    def __init__(self, scanner: TagScanner) -> None:
        self._scanner = scanner

    def cut(self, data: bytes) -> Frames:
        try:
            records = self._scanner.scan(data).records
        except InputError:
            records = []
        payloads = [data[start:end] for start, end in records]
        starts = [start for start, _ in records]
        end = records[-1][1] if records else 0
        rest = data[end:].lstrip()
        if not rest or rest.startswith((b"<!--", b"<?")):
            return Frames(payloads, [*starts, len(data)])
        return Frames([*payloads, rest], [*starts, len(data) - len(rest), len(data)], whole=False)

    def stream(self, stream: Readable) -> Iterator[Frames]:
        """Not used: `XmlSplitting` reads files, because it must see their root."""
        yield self.cut(stream.read(-1))
