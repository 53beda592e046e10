"""Members of groups: single items, tables, and items that redefine one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kakehashi.codec.copybook.leaf import Read
from kakehashi.codec.copybook.node import LeafNode, Node, Part, Seen
from kakehashi.codec.copybook.settled import Chosen, Counted, occurrences
from kakehashi.codec.copybook.state import JsonValue, Reading, ReadingMany, Writing
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Alternatives", "Count", "Single", "Table"]


class Single:
    """An item that occurs once. Without a key its value is read for others' sake alone, and written empty."""

    __slots__ = ("_key", "_needed", "_node", "_read", "keys", "plain", "size", "textual", "uniform")

    def __init__(self, key: str | None, node: Node, *, needed: bool) -> None:
        self._key = key
        self._needed = needed
        self._node = node
        self._read = key is not None or needed or node.size is None
        self.keys: tuple[str, ...] = () if key is None else (key,)
        self.size: int | None = node.size
        self.textual = node.textual
        self.plain: tuple[str, Read] | None = None if key is None or node.plain is None else (key, node.plain)
        self.uniform = node.uniform and (key is not None or not self._read)

    def read(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None:
        if self._key is not None:
            out[self._key] = self._node.read(state, at)
        elif self._read:
            self._node.read(state, at)

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        return (self._node.read_many(state, at),)

    def settled(self, seen: Seen) -> Single:
        return Single(self._key, self._node.settled(seen), needed=self._needed)

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:
        return self._node.asked(at)

    def write(self, state: Writing, values: dict[str, JsonValue], at: int) -> None:
        if self._key is None and self.size is not None and len(old := state.base[at : at + self.size]) == self.size:
            state.place(at, old)
        else:
            self._node.write(state, values.get(self._key) if self._key is not None else None, at)


class Count:
    """How many occurrences there are: of `most`, what the item `depending` says, by a table of texts if it is one."""

    __slots__ = ("_depending", "_path", "_texts", "most")

    def __init__(self, *, most: int, depending: str | None, texts: Mapping[str, int] | None, path: str) -> None:
        self.most = most
        self._depending = depending
        self._texts = texts
        self._path = path

    @property
    def fixed(self) -> bool:
        return self._depending is None

    def settled(self, seen: Seen) -> int | None:
        """`of`, where the item is among these; else None."""
        return self.of(seen) if self._depending is None or self._depending in seen else None

    def of(self, seen: Mapping[str, JsonValue]) -> int:
        """Raises InputError DEC-030 for a count outside 0 to the most, or a text without a row."""
        if self._depending is None:
            return self.most
        value = seen.get(self._depending)
        if self._texts is not None:
            value = self._texts.get(_plain(value))
        if not isinstance(value, int) or not 0 <= value <= self.most:
            raise InputError(Fault("DEC-030", Place(item=self._path), {"most": self.most}))
        return value


class Table:
    """An item that occurs. `slides`: it takes no more bytes than it has occurrences."""

    __slots__ = (
        "_count", "_key", "_needed", "_node", "_path", "_read", "_slides", "keys", "plain", "size", "textual",
        "uniform",
    )  # fmt: skip

    def __init__(self, key: str | None, node: Node, count: Count, *, path: str, slides: bool, needed: bool) -> None:
        self._key = key
        self._slides = slides
        self._needed = needed
        self._node = node
        self._count = count
        self._path = path
        self._read = key is not None or needed or slides or node.size is None
        self.keys: tuple[str, ...] = () if key is None else (key,)
        self.size = None if slides or node.size is None else node.size * count.most
        self.textual = node.textual
        self.plain: tuple[str, Read] | None = None
        self.uniform = node.uniform and count.fixed and count.most > 0 and (key is not None or not self._read)

    def read(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None:
        if not self._read:
            return
        state.at = at
        try:
            number = self._count.of(state.seen)
        except InputError as error:
            state.fault(error, self._path, at)
            return
        values: list[JsonValue] = []
        size, end = self._node.size, len(state.raw)
        for _ in range(number):
            if at >= end and size != 0:
                if not state.short:
                    state.faults.append(Fault("DEC-002", Place(item=self._path, offset=state.offset + end)))
                break
            values.append(self._node.read(state, at))
            at = state.at if size is None else at + size
        state.at = at
        if self._key is not None:
            out[self._key] = values

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        return (occurrences(self._node, state, at, self._count.most),)

    def settled(self, seen: Seen) -> Part:
        node, count = self._node.settled(seen), self._count.settled(seen)
        if count is None or node.size is None or self._count.fixed:
            return Table(self._key, node, self._count, path=self._path, slides=self._slides, needed=self._needed)
        size = node.size * (count if self._slides else self._count.most)
        uniform = node.uniform and (self._key is not None or not self._read)
        return Counted(self._key, node, count, size=size, uniform=uniform)

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:  # noqa: ARG002  # another one in each occurrence
        return iter(())

    def write(self, state: Writing, values: dict[str, JsonValue], at: int) -> None:
        given = values.get(self._key) if self._key is not None else None
        number = self._count.of(state.seen)
        items = given if isinstance(given, list) else []
        if (given is not None and not isinstance(given, list)) or len(items) > number:
            raise InputError(Fault("DEC-018", Place(item=self._path), {"expected": f"a list of {number}"}))
        end = None if self.size is None else at + self.size
        for n in range(number):
            at = self._one(state, items[n] if n < len(items) else None, at)
        if end is not None and len(state.base) >= end:
            state.place(at, state.base[at:end])
            at = end
        while end is not None and at < end:
            at = self._one(state, None, at)
        state.at = at

    def _one(self, state: Writing, value: JsonValue, at: int) -> int:
        self._node.write(state, value, at)
        return state.at if self._node.size is None else at + self._node.size


class Alternatives:
    """Items that redefine one another, the first first. A selector says which one counts; without one all are read,
    and those that cannot be are None. Of several that are written, text lies on top.
    """

    __slots__ = ("_choices", "_pad", "_parts", "_path", "_selectors", "keys", "plain", "size", "textual", "uniform")

    def __init__(
        self,
        parts: Sequence[Single | Table],
        names: Sequence[str],
        *,
        selectors: Sequence[tuple[str, str, str]],
        pad: bytes,
        path: str,
    ) -> None:
        """`selectors`: (item, value, name of the alternative)."""
        self._parts = tuple(parts)
        self._path = path
        self._pad = pad
        self._choices = {(item, value): names.index(name) for item, value, name in selectors if name in names}
        self._selectors = tuple(dict.fromkeys(item for item, _ in self._choices))
        self.keys = tuple(key for part in parts for key in part.keys)
        sizes = [part.size for part in parts]
        self.size = None if None in sizes else max(size or 0 for size in sizes)
        self.textual = all(part.textual for part in parts)
        self.plain: tuple[str, Read] | None = None
        self.uniform = not self._choices and self.size is not None and all(part.uniform for part in parts)

    def read_many(self, state: ReadingMany, at: int) -> Sequence[Sequence[JsonValue]]:
        """Without selectors: a record is bad when no part of it can be read."""
        columns: list[Sequence[JsonValue]] = []
        bad: list[set[int]] = []
        for part in self._parts:
            own = state.again()
            found = part.read_many(own, at) if part.keys else ()
            columns += [_without(column, own.bad) for column in found] if own.bad else found
            bad.append(own.bad)
        state.bad |= set.intersection(*bad)
        return columns

    def settled(self, seen: Seen) -> Part:
        if not self._choices:
            return self
        if not any(item in seen for item in self._selectors):
            return self
        chosen = self._chosen(seen)
        if chosen is None:
            raise InputError(Fault("DEC-009", Place(item=self._path)))
        return Chosen(chosen.settled(seen), size=self.size)

    def asked(self, at: int) -> Iterator[tuple[str, int, LeafNode]]:  # noqa: ARG002  # who knows which holds
        return iter(())

    def read(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None:
        if self._choices:
            part = self._chosen(state.seen)
            if part is None:
                place = Place(item=self._path, offset=state.offset + min(at, len(state.raw)))
                state.faults.append(Fault("DEC-009", place))
                state.at = at
            else:
                part.read(state, at, out)
                state.at = self._end(part, state, at)
            return
        self._all(state, at, out)

    def _all(self, state: Reading, at: int, out: dict[str, JsonValue]) -> None:
        faults, before = [], len(state.faults)
        end = at
        for part in self._parts:
            part.read(state, at, out)
            end = max(end, self._end(part, state, at))
            if len(state.faults) > before:
                faults.append(state.faults[before:])
                del state.faults[before:]
                out.update(dict.fromkeys(part.keys))
        if len(faults) == len(self._parts):
            state.faults += faults[0]
        state.at = end

    def _chosen(self, seen: Seen) -> Single | Table | None:
        for item in self._selectors:
            value = seen.get(item)
            index = self._choices.get((item, _plain(value)))
            if index is not None:
                return self._parts[index]
        return None

    @staticmethod
    def _end(part: Single | Table, state: Reading | Writing, at: int) -> int:
        return state.at if part.size is None else at + part.size

    def write(self, state: Writing, values: dict[str, JsonValue], at: int) -> None:
        given = [part for part in self._parts if any(values.get(key) is not None for key in part.keys)]
        end = at if self.size is None else at + self.size
        if self.size is not None and len(state.base) >= end:
            state.place(at, state.base[at:end])
        elif self.size is not None or not given:
            self._parts[0].write(state, {}, at)
            end = max(end, self._end(self._parts[0], state, at))
            state.place(len(state.buffer), self._pad * (end - len(state.buffer)))
        for part in sorted(given, key=lambda part: part.textual):
            part.write(state, values, at)
            end = max(end, self._end(part, state, at))
        state.at = end


def _without(column: Sequence[JsonValue], bad: AbstractSet[int]) -> list[JsonValue]:
    return [None if index in bad else value for index, value in enumerate(column)]


def _plain(value: JsonValue) -> str:
    """A code without what fills its item up."""
    return "" if value is None else str(value).strip(" \0")
