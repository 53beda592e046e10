"""Cutting a file into slices, checking order, counts and totals on the way. Memory does not grow with the file."""

from __future__ import annotations

from typing import BinaryIO

from kakehashi.codec.controls import Controls
from kakehashi.codec.framing import Frames, Readable
from kakehashi.codec.layout import Record, Role, Split, Value
from kakehashi.codec.order import Order
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_plan import read_single
from kakehashi.codec.slicer import Slicer
from kakehashi.errors import Fault, InputError

__all__ = ["CountedStream", "Splitting"]


class CountedStream:
    """Knows how many bytes of `stream` were read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self.size += len(chunk)
        return chunk


class Splitting:
    """One pass over one file."""

    def __init__(self, parts: Parts, *, batch_records: int, file: str) -> None:
        self._parts = parts
        self._file = file
        self._order = Order(parts.layout, file=file)
        self._slicer = Slicer(most=batch_records, grouped=parts.plan(Role.GROUP) is not None)
        self._controls = Controls(parts.layout, parts.plans)
        self._header: bytes | None = None
        self._headers: list[tuple[Value, ...]] = []
        self._outer_faults: list[Fault] = []

    def run(self, stream: BinaryIO) -> Split:
        counted = CountedStream(stream)
        taken = 0
        try:
            for frames in self._parts.framing.stream(counted):
                self._take(frames, first=taken == 0)
                taken = frames.starts[-1]
        except InputError as error:
            self._order.fault(error.fault.code, error.fault.place.offset or 0, **error.fault.facts)
            while counted.read(1 << 20):
                pass
        self._slicer.close()
        self._order.finish(taken)
        records = self._slicer.records
        return Split(
            header=self._header or b"",
            slices=tuple(self._slicer.slices),
            records=records,
            size=counted.size,
            faults=(
                *self._order.faults,
                *self._outer_faults,
                *self._controls.faults(records=records, file=self._file),
            ),
            headers=tuple(self._headers),
        )

    def _take(self, frames: Frames, *, first: bool) -> None:
        if self._parts.framing.fixed and not frames.whole and self._order.ends_with_trailer:
            frames = self._without_rest(frames)
        if self._parts.classifier.single:
            self._slicer.data_run(frames.starts)
            self._controls.add(frames.payloads)
            return
        data: list[bytes] = []
        unknown = False
        types = self._parts.types(frames, first=first)
        for record, payload, start, end in zip(types, frames.payloads, frames.starts, frames.starts[1:], strict=False):
            if self._order.begins(record):
                self._add(data, unknown=unknown)
                self._close_group(start)
                data, unknown = [], False
            self._order.see(record, start)
            unknown = unknown or record is None
            if record is None or record.role is Role.DATA:
                self._slicer.data(start, end)
                data.append(payload)
            elif record.role is Role.GROUP:
                self._slicer.group(start, end)
            else:
                self._slicer.close()
                self._outer(record, payload, start)
        self._add(data, unknown=unknown)

    def _add(self, data: list[bytes], *, unknown: bool) -> None:
        if unknown:
            self._controls.add_unknown()
        else:
            self._controls.add(data)

    def _close_group(self, start: int) -> None:
        self._slicer.close()
        ended = self._order.begin(start)
        self._controls.close_group(records=self._slicer.records, file=self._file, ended=ended)

    def _without_rest(self, frames: Frames) -> Frames:
        """Half a record where a trailer must come: the file was cut off, or goes on after its end."""
        if self._order.ended:
            self._order.fault("DEC-014", frames.starts[-2])
        return Frames(frames.payloads[:-1], frames.starts[:-1])

    def _outer(self, record: Record, payload: bytes, start: int) -> None:
        """A header, trailer or end record: one that cannot be read holds the file."""
        if record.role is Role.HEADER:
            self._header = payload if self._header is None else self._header
            self._slicer.header = payload if self._parts.layout.groups else None
        row, faults = read_single(self._parts.plans[record.name], payload, file=self._file, start=start)
        self._outer_faults += faults
        if row is not None and record.role is Role.HEADER:
            self._headers.append(row)
        if row is not None:
            self._controls.said(record.name, row, start)
