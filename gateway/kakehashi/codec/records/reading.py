"""Reading the records of a file, a block at a time: memory does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import compress, count, repeat
from typing import NamedTuple

from kakehashi.codec.framing import Readable
from kakehashi.codec.records.counted import HeaderCutter, ItemCutter
from kakehashi.codec.records.cut import Cut, Cutter
from kakehashi.codec.records.descriptor import BlockCutter, WordCutter
from kakehashi.codec.records.line import LineCutter
from kakehashi.codec.records.spec import Recfm, RecordSpec, check_spec
from kakehashi.codec.records.stride import StrideCutter
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Edges", "RawRecord", "RecordReader", "read_records"]

_BLOCK = 1 << 18


class RawRecord(NamedTuple):
    """One record without descriptor word or separator. `offset`: of its first byte, in the file; `number` from 1.

    `head`: the header before it, where the format has one of its own; the BDW before the first record of a block.
    """

    offset: int
    data: bytes
    number: int
    head: bytes = b""


@dataclass(slots=True)
class Edges:
    """What a file has besides records. Header and separator are known with the first record, the rest with the last.

    `separator` as found; `closed`: the last record has it, too; `fill`: bytes 1A at the end.
    """

    header: bytes = b""
    footer: bytes = b""
    separator: bytes = b""
    closed: bool = True
    fill: bytes = b""


class RecordReader:
    """The records of one file, once, in order.

    Raises InputError with record number and offset where the way to the next record is lost (DEC-002, DEC-003,
    DEC-022), behind the records before it; ConfigurationError when `spec` does not fit together. A line whose length
    alone is wrong goes to `refused` instead, if given, and takes its number with it.
    """

    def __init__(
        self, stream: Readable, spec: RecordSpec, *, file: str, refused: Callable[[Fault], None] | None = None
    ) -> None:
        check_spec(spec)
        self.edges = Edges()
        self._stream = stream
        self._spec = spec
        self._file = file
        self._refused = refused
        self._cutter: Cutter = _cutter(spec)

    def __iter__(self) -> Iterator[RawRecord]:
        number = 1
        try:
            for cut in self._cuts():
                heads = repeat(b"") if cut.heads is None else cut.heads
                found = map(RawRecord, cut.offsets, cut.records, count(number), heads)
                if cut.bad:
                    yield from self._good(found, cut, number)
                else:
                    yield from found
                number += len(cut.records)
                if cut.damage is not None:
                    raise cut.damage
        except InputError as error:
            raise InputError(error.fault.at(file=self._file, record=error.fault.place.record or number)) from None

    def _good(self, found: Iterator[RawRecord], cut: Cut, number: int) -> Iterator[RawRecord]:
        if self._refused is None:
            first = min(cut.bad)
            yield from compress(found, [True] * first)
            raise InputError(cut.bad[first].at(record=number + first))
        for index, record in enumerate(found):
            if index in cut.bad:
                self._refused(cut.bad[index].at(file=self._file, record=number + index))
            else:
                yield record

    def _cuts(self) -> Iterator[Cut]:
        base, rest = self._spec.file_header, b""
        for chunk, last in self._chunks():
            rest += chunk
            cut = self._cutter.cut(rest, base, last=last)
            rest = rest[cut.used :]
            base += cut.used
            self.edges.separator = getattr(self._cutter, "separator", None) or b""
            if last:
                self.edges.fill, self.edges.closed = rest, cut.closed
            yield cut

    def _chunks(self) -> Iterator[tuple[bytes, bool]]:
        """The file between its header and its footer; True with the last part."""
        spec = self._spec
        self.edges.header = self._fill(spec.file_header)
        held = b""
        last = False
        while not last:
            chunk = self._fill(_BLOCK)
            last = len(chunk) < _BLOCK
            held += chunk
            end = len(held) - spec.file_footer
            if last and (end < 0 or len(self.edges.header) < spec.file_header):
                length = len(self.edges.header) + len(held)
                facts: dict[str, str | int] = {"length": length, "expected": spec.file_header + spec.file_footer}
                raise InputError(Fault("DEC-002", Place(offset=length), facts))
            if end >= 0:
                if last:
                    self.edges.footer = held[end:]
                yield held[:end], last
                held = held[end:]

    def _fill(self, size: int) -> bytes:
        """`size` bytes, or what is left: a pipe gives them piecemeal."""
        chunk = self._stream.read(size) if size else b""
        parts, missing = [chunk], size - len(chunk)
        while chunk and missing:
            chunk = self._stream.read(missing)
            parts.append(chunk)
            missing -= len(chunk)
        return b"".join(parts)


def read_records(
    stream: Readable, spec: RecordSpec, *, file: str, refused: Callable[[Fault], None] | None = None
) -> Iterator[RawRecord]:
    """The records of a file, as `RecordReader` gives them."""
    return iter(RecordReader(stream, spec, file=file, refused=refused))


def _cutter(spec: RecordSpec) -> Cutter:
    if spec.strides:
        assert spec.record_length is not None
        return StrideCutter(spec.record_length, spec.ending)
    match spec.recfm:
        case Recfm.V:
            return WordCutter(spec)
        case Recfm.VB:
            return BlockCutter(spec)
        case Recfm.ITEM:
            return ItemCutter(spec)
        case Recfm.HEADER:
            return HeaderCutter(spec)
        case _:
            return LineCutter(spec)
