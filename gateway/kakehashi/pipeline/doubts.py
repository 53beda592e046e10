"""「名寄せの疑義」 Pairs of groups in doubt → clusters that can be settled apart from each other, part by part."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from kakehashi.matching.grouping import Group, Pair, union
from kakehashi.matching.likeness import Reason
from kakehashi.pipeline.packing import packed_record, records_in
from kakehashi.ports.scratch import Scratch

__all__ = ["Doubts", "packed_group"]

_REASONS: Final = tuple(Reason)
_FIRST: Final = 16
_MOST_PARTS: Final = 128


def packed_group(group: Group) -> bytes:
    """With its length before it."""
    packed = b"".join(map(packed_record, group.records))
    return len(packed).to_bytes(4, "big") + packed


@dataclass(slots=True)
class Doubts:
    """Holds eight bytes for each group, and the rest in the scratch. First all `add`, then `sort`, `keep`, `parts`."""

    scratch: Scratch
    parts_wanted: int
    _head: array[int] = field(default_factory=lambda: array("q"))

    def __post_init__(self) -> None:
        self.parts_wanted = min(self.parts_wanted, _MOST_PARTS)

    def add(self, pairs: Iterable[Pair]) -> None:
        for one, other, reasons in pairs:
            self._know(max(one, other))
            self._head[one] = self._head[one] if self._head[one] >= 0 else one
            self._head[other] = self._head[other] if self._head[other] >= 0 else other
            heads = sorted((self._find(one), self._find(other)))
            self._head[heads[1]] = heads[0]
            self.scratch.add(f"pairs-{one % _FIRST}", _packed_pair(one, other, reasons))

    def _know(self, number: int) -> None:
        missing = number + 1 - len(self._head)
        if missing > 0:
            self._head.extend([-1] * missing)

    def _find(self, number: int) -> int:
        while self._head[number] != number:
            self._head[number] = number = self._head[self._head[number]]
        return number

    def sort(self) -> None:
        """What belongs to one cluster comes to one part."""
        for pile in range(_FIRST):
            for raw in _pairs(self.scratch.take(f"pairs-{pile}")):
                self.scratch.add(f"doubts-{self._part(int.from_bytes(raw[:5]))}", raw)

    def _part(self, number: int) -> int:
        return self._find(number) % self.parts_wanted

    def keep(self, number: int, packed: bytes) -> bool:
        """Whether the group is in doubt: then it is kept for its part."""
        if number >= len(self._head) or self._head[number] < 0:
            return False
        self.scratch.add(f"doubtful-{self._part(number)}", number.to_bytes(5) + packed)
        return True

    def parts(self) -> Iterator[tuple[Mapping[int, Group], list[Pair]]]:
        """The groups of whole clusters, by number, and their pairs."""
        for part in range(self.parts_wanted):
            pairs = list(map(_pair_in, _pairs(self.scratch.take(f"doubts-{part}"))))
            groups: dict[int, Group] = {}
            data, at = self.scratch.take(f"doubtful-{part}"), 0
            while at < len(data):
                end = at + 9 + int.from_bytes(data[at + 5 : at + 9])
                records = tuple(records_in(data[at + 9 : end], {}))
                groups[int.from_bytes(data[at : at + 5])] = Group(records, union(record.form for record in records))
                at = end
            yield groups, pairs


def _packed_pair(one: int, other: int, reasons: tuple[Reason, ...]) -> bytes:
    return one.to_bytes(5) + other.to_bytes(5) + bytes([len(reasons), *map(_REASONS.index, reasons)])


def _pairs(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + 11 + data[at + 10]
        yield data[at:end]
        at = end


def _pair_in(raw: bytes) -> Pair:
    reasons = tuple(_REASONS[index] for index in raw[11:])
    return Pair(int.from_bytes(raw[:5]), int.from_bytes(raw[5:10]), reasons)
