"""Parts of records of one shape: what another item's value chooses or counts is settled. For reading alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kakehashi.codec.copybook.leaf import Read
from kakehashi.codec.copybook.node import LeafNode, Node, Part, Seen
from kakehashi.codec.copybook.state import JsonValue, Reading, ReadingMany, Writing

__all__ = ["Chosen", "Counted", "occurrences"]


class _Settled:
    """What both have of a part. A record of theirs is never read or written by itself."""

    __slots__ = ("keys", "plain", "size", "textual", "uniform")

    def __init__(self, keys: tuple[str, ...], size: int | None, *, textual: bool, uniform: bool) -> None:
        self.keys = keys
        self.size = size
        self.textual = textual
        self.uniform = uniform and size is not None
        self.plain: tuple[str, Read] | None = None

    def read(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None:
        raise NotImplementedError

    def write(self, state: Writing, values: dict[str, JsonValue], at: int) -> None:
        raise NotImplementedError


class Chosen(_Settled):
    """Of items that redefine one another, the one that counts; `size` is that of the longest."""

    __slots__ = ("_part",)

    def __init__(self, part: Part, *, size: int | None) -> None:
        super().__init__(part.keys, part.size if size is None else size, textual=part.textual, uniform=part.uniform)
        self._part = part

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        return self._part.read_many(state, at) if self.keys else ()

    def settled(self, seen: Seen) -> Chosen:
        part = self._part.settled(seen)
        return Chosen(part, size=part.size if self.size is None else self.size)

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:
        return self._part.asked(at)


class Counted(_Settled):
    """A table of `count` occurrences in `size` bytes."""

    __slots__ = ("_count", "_node")

    def __init__(self, key: str | None, node: Node, count: int, *, size: int, uniform: bool) -> None:
        super().__init__(() if key is None else (key,), size, textual=node.textual, uniform=uniform)
        self._node = node
        self._count = count

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        return (occurrences(self._node, state, at, self._count),)

    def settled(self, seen: Seen) -> Counted:  # noqa: ARG002  # all is settled
        return self

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:  # noqa: ARG002  # as of tables
        return iter(())


def occurrences(node: Node, state: ReadingMany, at: int, count: int) -> list[JsonValue]:
    """Of each record, the list of `count` occurrences, one behind the other."""
    if not count:
        return [[] for _ in range(len(state.joined) // state.stride)]
    size = node.size or 0
    columns = [node.read_many(state, at + n * size) for n in range(count)]
    return [list(row) for row in zip(*columns, strict=True)]
