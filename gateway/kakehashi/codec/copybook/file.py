"""Files of records of a copybook: fixed length, lines, or records whose length only reading them tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from kakehashi.codec.copybook.record import CopybookCodec, Decoded, Values
from kakehashi.errors import Fault, InputError, Place

__all__ = ["FileForm", "Found", "read_file", "write_record"]

_BLOCK = 1 << 18
_LOST = {"DEC-002", "DEC-030"}
"""Faults after which nobody knows where the next record begins, if records have no length of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """`length` None: that of the copybook. `separator`: lines. `header`, `footer`: bytes that are no records."""

    length: int | None = None
    separator: bytes = b""
    header: int = 0
    footer: int = 0


class Found(NamedTuple):
    """A record and where it is; its faults name file, record and absolute offset."""

    number: int
    offset: int
    decoded: Decoded


def read_file(stream: BinaryIO, codec: CopybookCodec, form: FileForm, *, file: str) -> Iterator[Found]:
    """Every record, in order, in flat memory. `stream` can seek. One that cannot be read does not stop the others."""
    for number, (offset, raw, whole) in enumerate(_records(stream, codec, form), start=1):
        decoded = codec.read(raw, offset=offset) if whole is None else whole
        if decoded.faults:
            faults = tuple(fault.at(file=file, record=number) for fault in decoded.faults)
            decoded = decoded._replace(faults=faults)
        yield Found(number, offset, decoded)


def _records(stream: BinaryIO, codec: CopybookCodec, form: FileForm) -> Iterator[tuple[int, bytes, Decoded | None]]:
    end = stream.seek(0, 2) - form.footer
    stream.seek(form.header)
    if form.separator:
        yield from _lines(stream, form, end)
    elif codec.varies and form.length is None:
        yield from _unmarked(stream, codec, form, end)
    else:
        yield from _fixed(stream, codec, form.length or codec.most, form, end)


def _fixed(
    stream: BinaryIO, codec: CopybookCodec, length: int, form: FileForm, end: int
) -> Iterator[tuple[int, bytes, Decoded | None]]:
    at = form.header
    step = max(_BLOCK // length, 1) * length
    while at < end and (block := stream.read(min(step, end - at))):
        for start in range(0, len(block), length):
            raw = block[start : start + length]
            if len(raw) < length:
                place = Place(offset=at + start)
                fault = Fault("DEC-002", place, {"length": len(raw), "expected": length})
                yield at + start, raw, Decoded(None, (fault,), len(raw))
            elif length < codec.most and not codec.varies and not codec.short:
                fault = Fault("DEC-002", Place(offset=at + start), {"length": length, "expected": codec.most})
                yield at + start, raw, Decoded(None, (fault,), len(raw))
            else:
                yield at + start, raw, None
        at += len(block)


def _lines(stream: BinaryIO, form: FileForm, end: int) -> Iterator[tuple[int, bytes, Decoded | None]]:
    at, buffer = form.header, b""
    size = len(form.separator)
    read = form.header
    while True:
        block = stream.read(min(_BLOCK, end - read)) if read < end else b""
        read += len(block)
        buffer += block
        *lines, buffer = buffer.split(form.separator)
        for line in lines:
            yield at, line, None
            at += len(line) + size
        if not block:
            break
    if buffer and buffer != b"\x1a":
        yield at, buffer, None


def _unmarked(
    stream: BinaryIO, codec: CopybookCodec, form: FileForm, end: int
) -> Iterator[tuple[int, bytes, Decoded | None]]:
    """Each record ends where its last item does."""
    at = read = form.header
    buffer, start = b"", 0
    while True:
        if len(buffer) - start < codec.most and read < end:
            block = stream.read(min(max(_BLOCK, codec.most), end - read))
            read = read + len(block) if block else end
            buffer, start = buffer[start:] + block, 0
            continue
        if start >= len(buffer):
            return
        raw = buffer[start : start + codec.most]
        decoded = codec.read(raw, offset=at)
        yield at, raw, decoded
        if decoded.end <= 0 or any(fault.code in _LOST for fault in decoded.faults):
            return
        start += decoded.end
        at += decoded.end


def write_record(codec: CopybookCodec, form: FileForm, values: Values) -> bytes:
    """A record as it stands in the file. Raises InputError DEC-018 where it is longer than the file's records."""
    raw = codec.write(values)
    if form.separator:
        return raw + form.separator
    if form.length is None:
        return raw
    if len(raw) > form.length:
        raise InputError(Fault("DEC-018", facts={"length": form.length, "excess": len(raw) - form.length}))
    return codec.filled(raw, form.length)
