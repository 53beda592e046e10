"""Cuts the run of groups and data records into slices that become batches."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.layout import Slice

__all__ = ["Slicer"]


class Slicer:
    """Slices of at most `most` data records, made of whole groups: one larger than that is a slice by itself."""

    def __init__(self, *, most: int, grouped: bool) -> None:
        self._most = most
        self._grouped = grouped
        self._start: int | None = None
        self._end = 0
        self._count = 0
        self._group = 0
        self._before_group = 0
        self.header: bytes | None = None
        """Of the slices that end from now on."""
        self.records = 0
        self.slices: list[Slice] = []

    def data_run(self, starts: Sequence[int]) -> None:
        """Many data records of a layout without groups; `starts` has one more entry, the end of the last."""
        at, total = 0, len(starts) - 1
        while at < total:
            if self._count == self._most:
                self.close()
            if self._start is None:
                self._start = starts[at]
            step = min(self._most - self._count, total - at)
            self._count += step
            at += step
            self._end = starts[at]

    def data(self, start: int, end: int) -> None:
        if self._count >= self._most:
            if not self._grouped:
                self.close()
            elif self._before_group:
                self._cut(self._group, self._before_group)
        if self._start is None:
            self._start = start
        self._count += 1
        self._end = end

    def group(self, start: int, end: int) -> None:
        """A group begins: the data records that follow belong to it."""
        if self._count >= self._most:
            self.close()
        if self._start is None:
            self._start = start
        self._group, self._before_group, self._end = start, self._count, end

    def close(self) -> None:
        """Nothing more goes into this slice."""
        self._cut(self._end, self._count)
        self._start = None

    def _cut(self, end: int, count: int) -> None:
        if self._start is not None and count:
            self.slices.append(Slice(self._start, end - self._start, self.records + 1, count, self.header))
        self.records += count
        self._count -= count
        self._before_group = 0
        self._start = end
