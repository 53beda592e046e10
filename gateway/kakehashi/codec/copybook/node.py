"""The compiled form of fields: what reads one occurrence at a place, and what writes it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from kakehashi.codec.copybook.dicts import Dicts, dicts_of
from kakehashi.codec.copybook.leaf import Leaf, Read
from kakehashi.codec.copybook.state import JsonValue, Reading, ReadingMany, Writing
from kakehashi.codec.text_form import damage
from kakehashi.errors import Fault, InputError, Place

__all__ = ["GroupNode", "LeafNode", "Node", "Part", "Seen"]

Seen: TypeAlias = Mapping[str, JsonValue]
"""Items that others depend on → their values."""


class Node(Protocol):
    """One occurrence. `size` is None where it varies: then `state.at` is its end once it was read or written."""

    size: int | None
    textual: bool
    plain: Read | None
    """What reads it, where that is all there is to do."""
    uniform: bool
    """It lies at the same place in every record and depends on no other item: `read_many` may be asked."""

    def read(self, state: Reading, at: int) -> JsonValue: ...

    def read_many(self, state: ReadingMany, at: int) -> Sequence[JsonValue]:
        """What `read` gives for each record, but for those that are `bad`."""

    def settled(self, seen: Seen, /) -> Node:
        """For records in which these items have these values: without what depends on them."""

    def asked(self, at: int, /) -> Iterator[tuple[str, int, LeafNode]]:
        """Items that others depend on, whose place is the same in all records of this shape: name, place, node."""

    def write(self, state: Writing, value: JsonValue, at: int) -> None: ...


class Part(Protocol):
    """A member of a group: reads its values into the group's, writes what is there of them."""

    size: int | None
    keys: tuple[str, ...]
    textual: bool
    plain: tuple[str, Read] | None
    """Key and reader of a single elementary item that nobody else asks for."""
    uniform: bool

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        """For each key its values, one a record."""

    def settled(self, seen: Seen, /) -> Part:
        """As of nodes. Raises InputError where such values mean nothing."""

    def asked(self, at: int, /) -> Iterator[tuple[str, int, LeafNode]]:
        """As of nodes."""

    def read(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None: ...

    def write(self, state: Writing, values: dict[str, JsonValue], at: int) -> None: ...


class LeafNode:
    """An elementary item."""

    __slots__ = (
        "_empty", "_length", "_read", "_write", "leaf", "name", "path", "plain", "size", "textual", "uniform",
    )  # fmt: skip

    def __init__(self, leaf: Leaf, *, length: int, path: str, name: str | None, textual: bool) -> None:
        self.leaf = leaf
        self._read = leaf.read
        self._write = leaf.write
        self._empty = leaf.empty
        self.path = path
        self.name = name
        self.size: int | None = length
        self._length = length
        self.plain: Read | None = None if name is not None else leaf.read
        self.textual = textual
        self.uniform = True

    def read(self, state: Reading, at: int) -> JsonValue:
        raw = state.raw[at : at + self._length]
        try:
            value: JsonValue = self._read(raw) if len(raw) == self._length else self._cut(state, raw)
        except InputError as error:
            state.fault(error, self.path, at)
            return None
        if self.name is not None:
            state.seen[self.name] = value
        return value

    def read_many(self, state: ReadingMany, at: int) -> Sequence[JsonValue]:
        return state.column(self.leaf, at, self._length)

    def settled(self, seen: Seen) -> LeafNode:  # noqa: ARG002  # depends on none
        return self

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:
        if self.name is not None:
            yield self.name, at, self

    def _cut(self, state: Reading, raw: bytes) -> JsonValue:
        """What the record's end left of the item."""
        if not state.short:
            raise damage("DEC-002", len(raw), length=self._length)
        return self._read(raw) if raw and self.textual else None

    def write(self, state: Writing, value: JsonValue, at: int) -> None:
        if self.name is not None:
            state.seen[self.name] = value
        state.place(at, self._bytes(state, value, at))

    def _bytes(self, state: Writing, value: JsonValue, at: int) -> bytes:
        """As they were, where that means the same."""
        if isinstance(value, (list, dict)):
            raise _misfit(self.path, "one value")
        old = state.base[at : at + self._length]
        if len(old) == self._length:
            try:
                if self._read(old) == value:
                    return old
            except InputError:
                if value is None:
                    return old
        if value is None:
            return self._empty
        try:
            return self._write(value)
        except InputError as error:
            fault = error.fault
            raise InputError(Fault(fault.code, Place(item=self.path), fault.facts)) from None


class GroupNode:
    """A group: its parts, each where the one before ends (or at the same place: `starts`)."""

    __slots__ = (
        "_dicts", "_known", "_parts", "_path", "_slack", "_starts", "_steps", "_tail", "plain", "size", "textual",
        "uniform",
    )  # fmt: skip

    def __init__(self, parts: Sequence[Part], slack: Sequence[int], *, path: str, tail: int) -> None:
        self._parts = tuple(parts)
        self._slack = tuple(slack)
        self._path = path
        self._tail = tail
        self._dicts: Dicts | None = None
        self._known = frozenset(key for part in parts for key in part.keys)
        self.textual = all(part.textual for part in parts)
        self.uniform = all(part.uniform for part in parts)
        self.size: int | None = None
        self.plain: Read | None = None
        self._starts: tuple[int, ...] = ()
        self._steps: tuple[_Step, ...] = ()
        if all(part.size is not None for part in parts):
            at = 0
            starts = []
            for part, gap in zip(self._parts, self._slack, strict=True):
                starts.append(at + gap)
                at += gap + (part.size or 0)
            self._starts = tuple(starts)
            self._steps = tuple(_step(part, start) for part, start in zip(self._parts, starts, strict=True))
            self.size = at + tail

    def read(self, state: Reading, at: int) -> JsonValue:
        out: dict[str, JsonValue] = {}
        if self.size is not None and len(raw := state.raw) >= at + self.size:
            for key, start, stop, read, part in self._steps:
                if read is None:
                    part.read(state, at + start, out)
                    continue
                try:
                    out[key] = read(raw[at + start : at + stop])
                except InputError:
                    part.read(state, at + start, out)
            return out
        if self.size is not None:
            for part, start in zip(self._parts, self._starts, strict=True):
                part.read(state, at + start, out)
            return out
        for part, gap in zip(self._parts, self._slack, strict=True):
            part.read(state, at + gap, out)
            at = state.at if part.size is None else at + gap + part.size
        state.at = at
        return out

    def read_many(self, state: ReadingMany, at: int) -> Sequence[JsonValue]:
        columns: list[Sequence[JsonValue]] = []
        for part, start in zip(self._parts, self._starts, strict=True):
            if part.keys:
                columns += part.read_many(state, at + start)
        if self._dicts is None:
            self._dicts = dicts_of([key for part in self._parts for key in part.keys])
        return self._dicts(columns, len(state.joined) // state.stride)

    def settled(self, seen: Seen) -> GroupNode:
        parts = [part.settled(seen) for part in self._parts]
        return GroupNode(parts, self._slack, path=self._path, tail=self._tail)

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:
        for part, gap in zip(self._parts, self._slack, strict=True):
            yield from part.asked(at + gap)
            if part.size is None:
                return
            at += gap + part.size

    def write(self, state: Writing, value: JsonValue, at: int) -> None:
        values = {} if value is None else value
        if not isinstance(values, dict):
            raise _misfit(self._path, "a group")
        if not values.keys() <= self._known:
            raise _misfit(self._path, "no item of another name")
        end = at + (self.size or 0)
        for part, gap in zip(self._parts, self._slack, strict=True):
            state.place(at, state.base[at : at + gap].ljust(gap, b"\0"))
            part.write(state, values, at + gap)
            at = state.at if part.size is None else at + gap + part.size
        if end > at:
            state.place(at, state.base[at:end].ljust(end - at, b"\0"))
        state.at = at


_Step = tuple[str, int, int, Read | None, Part]


def _step(part: Part, start: int) -> _Step:
    """How a part is read where the record is long enough: straight, if it is a plain item."""
    key, read = part.plain if part.plain is not None else ("", None)
    return key, start, start + (part.size or 0), read, part


def _misfit(path: str, expected: str) -> InputError:
    return InputError(Fault("DEC-018", Place(item=path), {"expected": expected}))
