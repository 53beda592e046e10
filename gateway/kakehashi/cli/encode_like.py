"""encode --like by a layout: another file with the values of these lines; everything else stays, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from kakehashi.cli.context import Session
from kakehashi.cli.lines import parsed, typed
from kakehashi.cli.losses import Loss, tell_losses
from kakehashi.codec.compile import compile_codec
from kakehashi.codec.fitting import Fitting
from kakehashi.codec.layout import Codec, Decoded, Layout, Value
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault, InputError, Place

__all__ = ["encode_like"]

_Row: TypeAlias = tuple[Value, ...] | None

_BATCH = 1000


def encode_like(
    session: Session, layout: Layout, lines: Iterator[str], fitting: Fitting, *, like: Path, out: Path
) -> int:
    """As many lines as `like` has data records, in its order. What a line does not say stays as it was, and so do
    headers, groups, trailers and line ends, and what is refused.
    """
    codec, writing = compile_codec(layout), _Lines(layout, lines, fitting)
    with like.open("rb") as stream, out.open("wb") as target:
        split = codec.split(stream, batch_records=_BATCH, file=like.name)
        faults = list(split.faults)
        stream.seek(0)
        for part in split.slices:
            _copy(stream, target, part.offset - stream.tell())
            body = BatchBody(split.header_of(part), stream.read(part.length))
            decoded = codec.decode(body, file=like.name, first_record=part.first_record, offset=part.offset)
            faults += decoded.faults
            written, wrong = _encoded(codec, body, decoded, writing.rows(decoded.rows))
            target.write(written)
            faults += wrong
        _copy(stream, target, split.size - stream.tell())
    faults += writing.finish()
    tell_losses(session, writing.losses)
    session.output.faults(faults)
    return 1 if faults else 0


def _encoded(codec: Codec, body: BatchBody, decoded: Decoded, rows: list[_Row]) -> tuple[bytes, list[Fault]]:
    """The slice with these rows; records whose values do not fit stay as they were, and are told."""
    try:
        return codec.encode(body, replace(decoded, rows=rows)), []
    except InputError:
        faults = []
    for index, row in enumerate(rows):
        try:
            if row is not None:
                codec.encode(decoded.raw(index), replace(decoded, rows=[row]))
        except InputError as error:
            faults.append(error.fault.at(record=decoded.numbers[index]))
            rows[index] = decoded.rows[index]
    return codec.encode(body, replace(decoded, rows=rows)), faults


def _copy(stream: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := stream.read(min(size, 1 << 20))):
        target.write(chunk)
        size -= len(chunk)


class _Lines:
    def __init__(self, layout: Layout, lines: Iterator[str], fitting: Fitting) -> None:
        self._record = layout.data.name
        self._outer = {record.name for record in layout.records} - {self._record}
        names = [item.name for item in layout.data.items]
        self._items = {item.name: item for item in layout.data.items if names.count(item.name) == 1}
        self._places = {name: names.index(name) for name in self._items}
        self._twice = {name.replace("-", "_") for name in names} - {name.replace("-", "_") for name in self._items}
        self._lines = enumerate(lines, start=1)
        self._fitting = fitting
        self._faults: list[Fault] = []
        self.losses: list[Loss] = []

    def rows(self, known: Sequence[_Row]) -> list[_Row]:
        """Rows that cannot be read have no line."""
        return [None if row is None else self._row(row) for row in known]

    def _row(self, known: tuple[Value, ...]) -> tuple[Value, ...]:
        number, line = next(self._lines, (0, ""))
        if not number:
            self._faults.append(Fault("DEC-018", Place(), {"expected": "as many lines as records"}))
            return known
        try:
            kept = self._outer | self._twice | {"record"}
            values = {name: value for name, value in parsed(line).items() if name not in kept}
            fitted, lost = self._fitting.fit(self._record, typed(values, self._items))
        except InputError as error:
            self._faults.append(error.fault.at(record=number))
        except (KeyError, ValueError, TypeError, RecursionError):
            self._faults.append(Fault("DEC-018", Place(record=number)))
        else:
            self.losses += [(number, loss) for loss in lost]
            row = list(known)
            for name, value in fitted.items():
                row[self._places[name]] = value
            return tuple(row)
        return known

    def finish(self) -> list[Fault]:
        """What was wrong with the lines; one that no record is left for is."""
        number, _ = next(self._lines, (0, ""))
        if number:
            self._faults.append(Fault("DEC-018", Place(record=number), {"expected": "as many lines as records"}))
        return self._faults
