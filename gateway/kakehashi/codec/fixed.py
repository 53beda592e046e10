"""Records whose items have fixed places (F, FB and line)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from kakehashi.codec.cells import Cells
from kakehashi.codec.charset import charset_named
from kakehashi.codec.columns import Columns, columns_of
from kakehashi.codec.framing import Strided
from kakehashi.codec.layout import Layout, Record, Value
from kakehashi.codec.record_plan import Exploded
from kakehashi.errors import Fault, InputError, Place

__all__ = ["FixedPlan"]


class FixedPlan:
    """A record type of `length` bytes."""

    def __init__(self, layout: Layout, record: Record, *, length: int) -> None:
        self.record = record
        self.columns: Columns = columns_of(record, layout, varying=False)
        self._length = length
        self._bounds = [(column.start, column.start + column.item.length) for column in self.columns.columns]
        charset = charset_named(layout.charset, layout.gaiji)
        self._blank = charset.encode(" ") * length
        self._selector = charset.encode(record.selector or "")
        self._selector_start = layout.format.selector_start

    def explode(self, payloads: Sequence[bytes]) -> Exploded:
        kept: Sequence[int] = range(len(payloads))
        refused: dict[int, list[Fault]] = {}
        if isinstance(payloads, Strided) and payloads.length == self._length and not len(payloads.data) % self._length:
            joined = payloads.data
        else:
            lengths = [*map(len, payloads)]
            kept = [index for index, length in enumerate(lengths) if length == self._length]
            refused = {i: [self._wrong_length(length)] for i, length in enumerate(lengths) if length != self._length}
            joined = b"".join([payloads[index] for index in kept])
        return Exploded(_Cells(joined, self._bounds, self._length), kept, refused)

    def _wrong_length(self, length: int) -> Fault:
        code = "DEC-002" if length < self._length else "DEC-003"
        return Fault(code, Place(offset=min(length, self._length)), {"length": length, "expected": self._length})

    def start_of(self, payload: bytes, column: int) -> int:  # noqa: ARG002  # the same in every record
        return self.columns.columns[column].start

    def write(self, row: Sequence[Value]) -> bytes:
        record = bytearray(self._blank)
        if self._selector:
            record[self._selector_start : self._selector_start + len(self._selector)] = self._selector
        for (start, end), raw in zip(self._bounds, self._written(row), strict=True):
            if raw is not None:
                record[start:end] = raw
        return bytes(record)

    def _written(self, row: Sequence[Value]) -> Iterator[bytes | None]:
        for index, value in enumerate(self.columns.unfold(row)):
            column = self.columns.columns[index]
            try:
                yield column.codec.write(value)
            except InputError as error:
                if value is None and self._holds_selector(column.start, column.start + column.item.length):
                    yield None
                else:
                    raise InputError(self.columns.fault(index, error.fault, 0)) from None

    def _holds_selector(self, start: int, end: int) -> bool:
        return bool(self._selector) and start <= self._selector_start < end

    def rewrite(self, payload: bytes, row: Sequence[Value]) -> bytes:
        record = bytearray(payload)
        for index, value in enumerate(self.columns.unfold(row)):
            codec = self.columns.columns[index].codec
            start, end = self._bounds[index]
            raw = payload[start:end]
            if codec.read(raw) != value:
                record[start:end] = codec.write(value)
        return bytes(record)

    def put(self, payload: bytes, column: int, raw: bytes) -> bytes:
        start, end = self._bounds[column]
        if len(payload) != self._length:
            raise InputError(self._wrong_length(len(payload)))
        return payload[:start] + raw + payload[end:]


class _Cells(Sequence[Sequence[bytes]]):
    """The columns of records that lie one after another, each made when it is asked for: few live at a time."""

    def __init__(self, joined: bytes, bounds: Sequence[tuple[int, int]], length: int) -> None:
        self._joined = joined
        self._bounds = bounds
        self._length = length

    def __len__(self) -> int:
        return len(self._bounds)

    @overload
    def __getitem__(self, index: int) -> Sequence[bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[bytes]]: ...
    def __getitem__(self, index: int | slice) -> Sequence[bytes] | Sequence[Sequence[bytes]]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        start, end = self._bounds[index]
        return Cells(self._joined, start, end - start, stride=self._length)
