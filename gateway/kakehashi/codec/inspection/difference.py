"""Two files of one layout, record by record and item by item."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from kakehashi.codec.inspection.span import Cell, Chunk
from kakehashi.errors import Fault

__all__ = ["Comparison", "Difference", "Unlike", "unlike"]


class Unlike(NamedTuple):
    """An item (one occurrence of it) whose values differ. None where there is nothing."""

    item: str
    left: Cell
    right: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A pair of records (by number, 1-based) with the items that differ; or a record that the other file lacks."""

    left: int | None
    right: int | None
    key: tuple[Cell, ...] = ()
    items: tuple[Unlike, ...] = ()


_Row: TypeAlias = "Mapping[str, Cell] | None"


class _Numbered(NamedTuple):
    number: int
    row: _Row


class Comparison:
    """Iterating reads both files once and tells of their faults as they come. Then the counts are complete.

    Without `keys` the n-th record is compared with the n-th. With them records are matched by the values of these
    items, equal keys in their order; only records whose partner has not come yet are in memory.
    Records that cannot be read have faults and no differences.
    """

    def __init__(
        self,
        left: Iterable[Chunk],
        right: Iterable[Chunk],
        *,
        keys: Sequence[str] = (),
        tell: Callable[[Fault], None] = lambda _: None,
    ) -> None:
        self._tell = tell
        self.faults = 0
        self.records = [0, 0]
        self.same = self.different = self.only_left = self.only_right = 0
        self._sides = (self._rows(left, 0), self._rows(right, 1))
        self._keys = tuple(keys)

    def __iter__(self) -> Iterator[Difference]:
        for found in self._matched() if self._keys else self._lined_up():
            if found.left is None:
                self.only_right += 1
            elif found.right is None:
                self.only_left += 1
            elif found.items:
                self.different += 1
            else:
                self.same += 1
                continue
            yield found

    def _rows(self, chunks: Iterable[Chunk], side: int) -> Iterator[_Numbered]:
        for chunk in chunks:
            self.faults += len(chunk.faults)
            for fault in chunk.faults:
                self._tell(fault)
            self.records[side] += len(chunk.rows)
            yield from map(_Numbered, chunk.numbers, chunk.rows)

    def _lined_up(self) -> Iterator[Difference]:
        for left, right in zip_longest(*self._sides):
            if left is None or right is None:
                yield Difference(left=left and left.number, right=right and right.number)
            elif left.row is not None and right.row is not None:
                yield Difference(left=left.number, right=right.number, items=unlike(left.row, right.row))

    def _matched(self) -> Iterator[Difference]:
        waiting: tuple[_Waiting, _Waiting] = ({}, {})
        for pair in zip_longest(*self._sides):
            for side, record in enumerate(pair):
                if record is None or record.row is None:
                    continue
                key = tuple(record.row.get(name) for name in self._keys)
                partner = _taken(waiting[1 - side], key)
                if partner is None:
                    waiting[side].setdefault(key, deque()).append(record)
                else:
                    left, right = (partner, record) if side else (record, partner)
                    yield self._pair(left, right, key)
        for key, records in waiting[0].items():
            yield from (Difference(left=record.number, right=None, key=key) for record in records)
        for key, records in waiting[1].items():
            yield from (Difference(left=None, right=record.number, key=key) for record in records)

    @staticmethod
    def _pair(left: _Numbered, right: _Numbered, key: tuple[Cell, ...]) -> Difference:
        items = unlike(left.row or {}, right.row or {})
        return Difference(left=left.number, right=right.number, key=key, items=items)


_Waiting: TypeAlias = dict[tuple[Cell, ...], deque[_Numbered]]


def _taken(waiting: _Waiting, key: tuple[Cell, ...]) -> _Numbered | None:
    """The first record with this key, which leaves."""
    records = waiting.get(key)
    if records is None:
        return None
    first = records.popleft()
    if not records:
        del waiting[key]
    return first


def unlike(left: Mapping[str, Cell], right: Mapping[str, Cell]) -> tuple[Unlike, ...]:
    """Every item whose values differ; of one that repeats each occurrence by its number."""
    if left == right:
        return ()
    found: list[Unlike] = []
    for name in {**left, **right}:
        one, other = left.get(name), right.get(name)
        if one == other:
            continue
        if isinstance(one, tuple) or isinstance(other, tuple):
            pairs = zip_longest(_many(one), _many(other))
            found += [Unlike(f"{name}({n})", *pair) for n, pair in enumerate(pairs, start=1) if pair[0] != pair[1]]
        else:
            found.append(Unlike(name, one, other))
    return tuple(found)


def _many(value: Cell) -> tuple[Cell, ...]:
    return value if isinstance(value, tuple) else (value,)
