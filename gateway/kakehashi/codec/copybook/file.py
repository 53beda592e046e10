"""Files of records of a copybook: of any record format, or records whose length only reading them tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import BinaryIO, NamedTuple, TypeAlias

from kakehashi.codec.copybook.record import CopybookCodec, Decoded, Values
from kakehashi.codec.records import (
    RawRecord,
    Recfm,
    RecordReader,
    RecordSpec,
    write_again,
    write_blocks,
    write_record,
)  # fmt: skip
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Found", "file_like", "file_of", "read_file", "write_values"]

_BLOCK = 1 << 18
_LOST = {"DEC-002", "DEC-030"}
"""Faults after which nobody knows where the next record begins, if records have no length of their own."""
_STRIDES = {Recfm.F, Recfm.FB}


class Found(NamedTuple):
    """A record and where it is; its faults name file, record and absolute offset."""

    number: int
    offset: int
    decoded: Decoded

    def refused(self, fault: Fault) -> Found:
        """The same with a fault for its values."""
        return self._replace(decoded=self.decoded._replace(values=None, faults=(fault,)))


def read_file(stream: BinaryIO, codec: CopybookCodec, spec: RecordSpec, *, file: str) -> Iterator[Found]:
    """Every record, in order, in flat memory. `stream` can seek. One that cannot be read does not stop the others;
    a way that is lost is the last fault. Records of format F without a length have that of the copybook.
    """
    runs = _unmarked(stream, codec, spec) if _is_unmarked(codec, spec) else _framed(stream, codec, spec, file)
    number = 1
    for offsets, decoded in runs:
        for index in [index for index, (_, faults, _) in enumerate(decoded) if faults]:
            each = decoded[index]
            faults = tuple(fault.at(file=file, record=number + index) for fault in each.faults)
            decoded[index] = each._replace(faults=faults)
        yield from map(_FOUND, zip(count(number), offsets, decoded, strict=False))
        number += len(decoded)


_FOUND = partial(tuple.__new__, Found)
_Run: TypeAlias = "tuple[Sequence[int], list[Decoded]]"
"""Where records are, and what they say."""


def _is_unmarked(codec: CopybookCodec, spec: RecordSpec) -> bool:
    return spec.recfm in _STRIDES and spec.record_length is None and codec.varies


def _framed(stream: BinaryIO, codec: CopybookCodec, spec: RecordSpec, file: str) -> Iterator[_Run]:
    spec = _with_length(codec, spec)
    end = spec.file_header
    refused: list[Fault] = []
    try:
        for run in RecordReader(stream, spec, file=file, refused=refused.append).runs(codec.at_once):
            yield from _drained(refused)
            yield run.offsets, codec.read_many(run.records, run.offsets)
            end = run.offsets[-1] + len(run.records[-1])
        yield from _drained(refused)
    except InputError as error:
        yield from _drained(refused)
        fault = error.fault
        offset = end if fault.place.offset is None else fault.place.offset
        yield (offset,), [Decoded(None, (fault.at(offset=offset),), 0)]


def _drained(refused: list[Fault]) -> Iterator[_Run]:
    """Records that are none by their length alone."""
    while refused:
        fault = refused.pop(0)
        yield (fault.place.offset or 0,), [Decoded(None, (fault,), 0)]


def _unmarked(stream: BinaryIO, codec: CopybookCodec, spec: RecordSpec) -> Iterator[_Run]:
    """Each record ends where its last item does."""
    end = stream.seek(0, 2) - spec.file_footer
    at = read = stream.seek(spec.file_header)
    buffer, start = b"", 0
    offsets: list[int] = []
    records: list[bytes] = []
    while True:
        if len(buffer) - start < codec.most and read < end:
            block = stream.read(min(max(_BLOCK, codec.most), end - read))
            read = read + len(block) if block else end
            buffer, start = buffer[start:] + block, 0
            continue
        raw = buffer[start : start + codec.most]
        length = codec.length(raw)
        if records and (not length or len(records) == codec.at_once):
            yield offsets, codec.read_many(records, offsets)
            offsets, records = [], []
        if not raw:
            return
        if length:
            offsets.append(at)
            records.append(raw[:length])
        else:
            decoded = codec.read(raw, offset=at)
            yield (at,), [decoded]
            if decoded.end <= 0 or any(fault.code in _LOST for fault in decoded.faults):
                return
            length = decoded.end
        start += length
        at += length


def write_values(codec: CopybookCodec, spec: RecordSpec, values: Values) -> bytes:
    """A record as it stands in the file. Raises InputError DEC-018 where it is longer than the file's records."""
    return _in_file(codec, spec, codec.write(values))


def _in_file(codec: CopybookCodec, spec: RecordSpec, raw: bytes) -> bytes:
    raw = _filled(codec, spec, raw)
    return write_record(raw, replace(spec, record_length=len(raw)) if spec.recfm in _STRIDES else spec)


def _filled(codec: CopybookCodec, spec: RecordSpec, raw: bytes) -> bytes:
    length = spec.record_length
    if length is None or spec.recfm not in _STRIDES:
        return raw
    if len(raw) > length:
        raise InputError(Fault("DEC-018", Place(), {"length": length, "excess": len(raw) - length}))
    return codec.filled(raw, length)


def file_of(
    codec: CopybookCodec, spec: RecordSpec, records: Iterable[bytes], *, refused: Callable[[Fault], None]
) -> Iterator[bytes]:
    """The pieces of a file of these records, in blocks for VB; `refused` gets those that do not fit, by number."""
    if spec.recfm is Recfm.VB:
        yield from write_blocks(records, spec)
        return
    for number, raw in enumerate(records, start=1):
        try:
            yield _in_file(codec, spec, raw)
        except InputError as error:
            refused(error.fault.at(record=number))


def file_like(
    stream: BinaryIO, codec: CopybookCodec, spec: RecordSpec, records: Iterable[bytes], *,
    file: str, refused: Callable[[Fault], None],
) -> Iterator[bytes]:  # fmt: skip
    """As `file_of`, with what no record holds as it is in another file, record by record: its header and footer,
    separators, blocks, headers before records. Raises InputError and ConfigurationError as `RecordReader` does.
    """
    if _is_unmarked(codec, spec):
        end = stream.seek(0, 2) - spec.file_footer
        stream.seek(0)
        yield stream.read(spec.file_header)
        yield from file_of(codec, spec, records, refused=refused)
        stream.seek(end)
        yield stream.read()
        return
    spec = _with_length(codec, spec)
    reader = RecordReader(stream, spec, file=file, refused=lambda _: None)

    def merged() -> Iterator[RawRecord]:
        others = iter(reader)
        for number, raw in enumerate(records, start=1):
            other = next(others, None) or RawRecord(0, b"", number)
            try:
                data = _filled(codec, spec, raw)
                write_record(data, spec, head=b"" if spec.recfm is Recfm.VB else other.head)
            except InputError as error:
                refused(error.fault.at(record=number))
            else:
                yield other._replace(data=data)
        for _ in others:
            pass  # the edges are known behind the last of them

    yield from write_again(merged(), spec, reader.edges)


def _with_length(codec: CopybookCodec, spec: RecordSpec) -> RecordSpec:
    """Records of one length have that of the copybook, where nobody says another."""
    if spec.recfm in _STRIDES and spec.record_length is None:
        return replace(spec, record_length=codec.most)
    return spec
