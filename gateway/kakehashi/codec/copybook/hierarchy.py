"""「階層」 Segments of a file as trees: a segment holds those that are its children, in lists under their names.

A tree is one unit: what cannot be read in it refuses it as a whole, so that none is told that has lost a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from kakehashi.codec.copybook.file import Found
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.record import BYTES, CopybookCodec, Values
from kakehashi.codec.copybook.segment import key_of, segment_of
from kakehashi.codec.copybook.state import JsonValue
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Hierarchy"]

_HEX = re.compile("(?:[0-9a-f]{2})*")
_PLACE = "_place"
"""Where a record stood in its tree, if bytes are kept."""


@dataclass(slots=True)
class _Tree:
    """The tree that is being read. `path`: the segments that are open, the root first."""

    root: Found
    path: list[tuple[str, Values]]
    records: int = 1
    whole: bool = True


class _Written(NamedTuple):
    """A record taken out of a tree, and its place there."""

    values: Values
    place: JsonValue


class Hierarchy:
    """`children`: names of the segments below each segment. Raises InputError CFG-006 for one that has no selector."""

    def __init__(self, codec: CopybookCodec, options: Options, children: Mapping[str, Sequence[str]]) -> None:
        self._codec = codec
        self._kept = options.keep_bytes
        self._selectors: dict[str, tuple[str, str]] = {}
        for segment in options.segments:
            self._selectors.setdefault(key_of(segment.group), (key_of(segment.item), segment.value))
        self._children = {key_of(name): tuple(key_of(child) for child in below) for name, below in children.items()}
        self._parents = {child: name for name, below in self._children.items() for child in below}
        for name in (*self._children, *self._parents):
            if name not in self._selectors:
                raise InputError(Fault("CFG-006", Place(item=name)))

    def read(self, records: Iterable[Found], *, file: str) -> Iterator[Found]:
        """A root with everything below it, behind the faults in it; records of no segment alone."""
        tree: _Tree | None = None
        for found in records:
            values = found.decoded.values
            if values is None:
                if tree is not None:
                    tree.whole = False
                yield found
                continue
            kind, holder = segment_of(values, self._selectors)
            if kind in self._parents:
                if not self._grow(tree, kind, values, holder):
                    yield _refused(found, file)
                continue
            yield from _ended(tree, file)
            tree = _Tree(found, [(kind, self._opened(kind, holder))])
        yield from _ended(tree, file)

    def _grow(self, tree: _Tree | None, kind: str, values: Values, holder: Values) -> bool:
        """Whether there is a parent for this segment."""
        if tree is None:
            return False
        parent = self._parents[kind]
        while tree.path and tree.path[-1][0] != parent:
            tree.path.pop()
        segment = self._opened(kind, holder)
        if not tree.path:
            tree.whole = False
            return False
        siblings = tree.path[-1][1].setdefault(kind, [])
        assert isinstance(siblings, list)
        siblings.append(segment)
        if self._kept:
            segment[BYTES] = values[BYTES]
            segment[_PLACE] = tree.records
        tree.records += 1
        tree.path.append((kind, segment))
        return True

    def _opened(self, kind: str, holder: Values) -> Values:
        """The segment of a record, with a list for each kind of its children."""
        segment = holder.get(kind)
        if not isinstance(segment, dict):
            return {}
        for child in self._children.get(kind, ()):
            segment[child] = []
        return segment

    def write(self, values: Values) -> Iterator[bytes]:
        """The records of a tree, in the order in which they were read, or else children by kind. Raises DEC-018."""
        records = list(self._taken(values))
        places = [record.place for record in records[1:] if type(record.place) is int]
        if len(places) == len(records) - 1:
            records[1:] = [record for _, record in sorted(zip(places, records[1:], strict=True), key=itemgetter(0))]
        for record in records:
            yield self._codec.write(record.values)

    def _taken(self, values: Values) -> Iterator[_Written]:
        kind, holder = segment_of(values, self._selectors)
        segment, below = self._parted(kind, holder.get(kind))
        own: Values = {**holder, kind: segment} if kind else holder
        yield _Written(self._within(values, holder, own), None)
        common = {name: value for name, value in holder.items() if name not in {kind, BYTES}}
        for name, each in below:
            yield from self._child(values, holder, common, name, each)

    def _child(self, values: Values, holder: Values, common: Values, kind: str, given: JsonValue) -> Iterator[_Written]:
        segment, below = self._parted(kind, given)
        base, place = segment.pop(BYTES, None), segment.pop(_PLACE, None)
        record = {**common, kind: segment}
        item, value = self._selectors[kind]
        if item in common:
            record[item] = int(value) if value.isdecimal() and not isinstance(common[item], str) else value
        if isinstance(base, str) and _HEX.fullmatch(base):
            known = self._codec.read(bytes.fromhex(base)).values or {}
            kept = {name: each for name, each in segment_of(known, self._selectors)[1].items() if name in common}
            record = {**record, **kept}
        whole = self._within(values, holder, record)
        yield _Written(whole | {BYTES: base} if base is not None else whole, place)
        for name, each in below:
            yield from self._child(values, holder, common, name, each)

    def _parted(self, kind: str, given: JsonValue) -> tuple[Values, list[tuple[str, JsonValue]]]:
        """A segment's own items, and its children with their kinds."""
        if not isinstance(given, dict):
            raise InputError(Fault("DEC-018", Place(item=kind), {"expected": "a group"}))
        below: list[tuple[str, JsonValue]] = []
        for child in self._children.get(kind, ()):
            listed = given.get(child) or []
            if not isinstance(listed, list):
                raise InputError(Fault("DEC-018", Place(item=child), {"expected": "a list"}))
            below += [(child, each) for each in listed]
        return {name: value for name, value in given.items() if name not in self._children.get(kind, ())}, below

    @staticmethod
    def _within(values: Values, holder: Values, record: Values) -> Values:
        """The record as the codec knows it: below its root, where it has one."""
        if holder is values:
            return record
        root = next(name for name, value in values.items() if value is holder)
        kept = {name: value for name, value in values.items() if name == BYTES}
        return {root: record, **kept}


def _ended(tree: _Tree | None, file: str) -> Iterator[Found]:
    if tree is not None:
        yield tree.root if tree.whole else _refused(tree.root, file)


def _refused(found: Found, file: str) -> Found:
    place = Place(file=file, record=found.number, offset=found.offset)
    return found.refused(Fault("DEC-031", place))
