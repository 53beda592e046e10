"""Cutting a legacy XML file into slices: tags are found in its bytes, blocks of records are parsed to see that they are
XML, and no more than a block is in memory. A file that is not well formed is held as a whole.
"""

from __future__ import annotations

from typing import BinaryIO

from kakehashi.codec.layout import Split
from kakehashi.codec.slicer import Slicer
from kakehashi.codec.splitting import CountedStream
from kakehashi.codec.text_form import damage
from kakehashi.codec.xml_plan import XmlPlan
from kakehashi.codec.xml_scanner import Scan, TagScanner
from kakehashi.errors import Fault, InputError

__all__ = ["XmlSplitting"]

_BLOCK = 1 << 19
_LONGEST = 1 << 20
"""Of a record, of what stands before the root, of what stands between two records."""


class XmlSplitting:
    """One pass over one file. `_buffer` begins at byte `_base` of it."""

    def __init__(self, scanner: TagScanner, plan: XmlPlan, *, batch_records: int, file: str) -> None:
        self._scanner = scanner
        self._plan = self._under = plan
        self._file = file
        self._slicer = Slicer(most=batch_records, grouped=False)
        self._buffer = b""
        self._base = 0

    def run(self, stream: BinaryIO) -> Split:
        counted = CountedStream(stream)
        root = b""
        faults: tuple[Fault, ...] = ()
        try:
            root = self._open(counted)
            while root and self._records(counted):
                pass
        except InputError as error:
            faults = (error.fault.at(file=self._file, offset=error.fault.place.offset or 0),)
            while counted.read(_LONGEST):
                pass
        self._slicer.close()
        return Split(
            header=root,
            slices=tuple(self._slicer.slices),
            records=self._slicer.records,
            size=counted.size,
            faults=faults,
        )

    def _more(self, stream: CountedStream) -> bool:
        chunk = stream.read(_BLOCK)
        self._buffer += chunk
        return bool(chunk)

    def _drop(self, length: int) -> None:
        self._buffer = self._buffer[length:]
        self._base += length

    def _open(self, stream: CountedStream) -> bytes:
        """Go behind the root's start tag; returns it. An empty file has none and no fault."""
        more = self._more(stream)
        while (found := self._scanner.root(self._buffer)) is None:
            if len(self._buffer) > _LONGEST or not more:
                if not self._buffer.strip(b"\x1a"):
                    return b""
                raise damage("DEC-015", 0, reason="no root element of the layout")
            more = self._more(stream)
        return self._enter(*found)

    def _enter(self, start: int, end: int) -> bytes:
        """Behind a root's start tag, which is returned: what follows is read under it."""
        tag = self._buffer[start:end]
        self._under = self._plan.under(tag)
        self._drop(end)
        return tag

    def _records(self, stream: CountedStream) -> bool:
        """The records of a root. Whether another document has begun behind it: none of its records lies in the same
        slice.
        """
        more = True
        while True:
            scan = self._scan()
            self._take(scan)
            if scan.end is not None:
                break
            if len(self._buffer) > _LONGEST:
                raise damage("DEC-016", self._base, most=_LONGEST)
            if not more:
                raise damage("DEC-015", self._base + len(self._buffer), reason="the root is not closed")
            more = self._more(stream)
        while (found := self._scanner.following(self._buffer)) is None and more and len(self._buffer) <= _LONGEST:
            more = self._more(stream)
        if found:
            self._slicer.close()
            self._slicer.header = self._enter(*found)
            return True
        if more or not self._scanner.ends_well(self._buffer):
            raise damage("DEC-015", self._base, reason="something follows the root")
        return False

    def _scan(self) -> Scan:
        try:
            return self._scanner.scan(self._buffer)
        except InputError as error:
            raise _moved(error, self._base) from None

    def _take(self, scan: Scan) -> None:
        """Complete records and what lies between them leave the buffer."""
        end = scan.end if scan.end is not None else scan.records[-1][1] if scan.records else 0
        try:
            self._under.check(self._buffer[:end], scan.records)
        except InputError as error:
            raise _moved(error, self._base) from None
        for start, stop in scan.records:
            self._slicer.data(self._base + start, self._base + stop)
        self._drop(end)


def _moved(error: InputError, base: int) -> InputError:
    return InputError(error.fault.at(offset=base + (error.fault.place.offset or 0)))
