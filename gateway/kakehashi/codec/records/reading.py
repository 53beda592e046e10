"""Reading the records of a file, a block at a time: memory does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import NamedTuple

from kakehashi.codec.framing import Readable
from kakehashi.codec.records.counted import HeaderCutter, ItemCutter
from kakehashi.codec.records.cut import Cut, Cutter
from kakehashi.codec.records.descriptor import BlockCutter, WordCutter
from kakehashi.codec.records.line import LineCutter
from kakehashi.codec.records.spec import Recfm, RecordSpec, check_spec
from kakehashi.codec.records.stride import StrideCutter
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Edges", "RawRecord", "RecordReader", "Run", "read_records"]

_BLOCK = 1 << 18


class RawRecord(NamedTuple):
    """One record without descriptor word or separator. `offset`: of its first byte, in the file; `number` from 1.

    `head`: the header before it, where the format has one of its own; the BDW before the first record of a block.
    """

    offset: int
    data: bytes
    number: int
    head: bytes = b""


class Run(NamedTuple):
    """Records one after another: the number of the first, and of each its offset, its bytes, the header before it."""

    number: int
    offsets: Sequence[int]
    records: Sequence[bytes]
    heads: Sequence[bytes] | None = None


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
        for run in self._good_runs():
            heads = repeat(b"") if run.heads is None else run.heads
            yield from map(RawRecord, run.offsets, run.records, count(run.number), heads)

    def runs(self, most: int) -> Iterator[Run]:
        """The records without the headers before them, up to `most` at a time."""
        for run in self._good_runs():
            for at in range(0, len(run.records), most):
                yield Run(run.number + at, run.offsets[at : at + most], run.records[at : at + most])

    def _good_runs(self) -> Iterator[Run]:
        """As far as possible at a time: what is refused comes between two of them."""
        number = 1
        try:
            for cut in self._cuts():
                start = 0
                for index in sorted(cut.bad):
                    yield _part(cut, start, index, number)
                    self._refuse(cut.bad[index].at(file=self._file, record=number + index))
                    start = index + 1
                yield _part(cut, start, len(cut.records), number)
                number += len(cut.records)
                if cut.damage is not None:
                    raise cut.damage
        except InputError as error:
            raise InputError(error.fault.at(file=self._file, record=error.fault.place.record or number)) from None

    def _refuse(self, fault: Fault) -> None:
        if self._refused is None:
            raise InputError(fault)
        self._refused(fault)

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


def _part(cut: Cut, start: int, end: int, number: int) -> Run:
    """Records `start` to `end` of a cut whose first has this number."""
    if start == 0 and end == len(cut.records):
        return Run(number, cut.offsets, cut.records, cut.heads)
    heads = None if cut.heads is None else cut.heads[start:end]
    return Run(number + start, cut.offsets[start:end], cut.records[start:end], heads)


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
