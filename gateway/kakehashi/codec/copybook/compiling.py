"""From fields to nodes: one pass, after which no record asks what its copybook said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from kakehashi.codec.copybook.item import Items
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.naming import Naming
from kakehashi.codec.copybook.node import GroupNode, LeafNode, Node, Part
from kakehashi.codec.copybook.options import Odo, Options, Segment
from kakehashi.codec.copybook.part import Alternatives, Count, Single, Table
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.tree import Copybook, Field, Usage
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Wrap", "compile_record", "with_names"]

Wrap: TypeAlias = Callable[[Field, Leaf, LeafNode], LeafNode]
"""What makes of an elementary item's node one that does more."""

_TEXT = {Category.TEXT, Category.WIDE, Category.EDITED_TEXT}


def compile_record(copybook: Copybook, options: Options, *, wrap: Wrap | None = None) -> tuple[Part, Items]:
    """The part that reads a whole record. Raises InputError CFG-006 for a charset or a selector that is unknown."""
    compiler = _Compiler(copybook, options, wrap)
    return compiler.records(), compiler.items


def with_names(copybook: Copybook, options: Options) -> Options:
    """The options with names as the copybook writes them. Raises InputError CFG-006 for one that it does not have."""
    known = {f.name.replace("-", "_"): f.name for record in copybook.records for f in record.walk() if not f.filler}

    def name(given: str) -> str:
        found = known.get(given.upper().replace("-", "_"))
        if found is None:
            raise InputError(Fault("CFG-006", Place(item=given)))
        return found

    return replace(
        options,
        segments=tuple(Segment(name(s.item), s.value, name(s.group)) for s in options.segments),
        occurs={name(item): texts for item, texts in options.occurs.items()},
        items={name(item): policies for item, policies in options.items.items()},
        encodings={name(item): encoding for item, encoding in options.encodings.items()},
        truncate=frozenset(map(name, options.truncate)),
    )


class _Compiler:
    def __init__(self, copybook: Copybook, options: Options, wrap: Wrap | None) -> None:
        self._wrap = wrap
        self._copybook = copybook
        self._options = options
        self.items = Items(copybook.dialect, options)
        self._naming = Naming(copybook.records, filler=options.filler, after=options.filler_after)
        fields = [field for record in copybook.records for field in record.walk()]
        self._counting = {field.occurs.depending for field in fields if field.occurs and field.occurs.depending}

    def records(self) -> Part:
        records = self._copybook.records
        if len(records) == 1:
            return self._single(records[0], "")
        return self._alternatives(records, "")

    def _node(self, field: Field, path: str) -> Node:
        path = f"{path}.{field.name}" if path else field.name
        if field.group:
            return self._group(field, path if field.level > 1 else "")
        picture = field.picture
        textual = picture is not None and picture.category in _TEXT and field.usage is not Usage.COMP_X
        name = field.name if field.name in self._counting else None
        leaf = self.items.leaf(field)
        node = LeafNode(leaf, length=field.length, path=path, name=name, textual=textual)
        return node if self._wrap is None else self._wrap(field, leaf, node)

    def _group(self, field: Field, path: str) -> GroupNode:
        parts: list[Part] = []
        slack: list[int] = []
        for cluster in _clusters(field.children):
            parts.append(self._single(cluster[0], path) if len(cluster) == 1 else self._alternatives(cluster, path))
            slack.append(cluster[0].slack)
        used = max((child.offset + child.size for child in field.children), default=field.offset) - field.offset
        return GroupNode(parts, slack, path=path or field.name, tail=field.length - used)

    def _single(self, field: Field, path: str) -> Single | Table:
        key = self._naming.key(field)
        needed = any(below.name in self._counting for below in field.walk())
        node = self._node(field, path)
        if field.occurs is None:
            return Single(key, node, needed=needed)
        where = f"{path}.{field.name}" if path else field.name
        depending = field.occurs.depending
        texts = self._options.occurs.get(field.name) or self._options.occurs.get(depending or "")
        count = Count(most=field.occurs.most, depending=depending, texts=texts, path=where)
        slides = depending is not None and self._options.odo is not Odo.MAX
        return Table(key, node, count, path=where, slides=slides, needed=needed)

    def _alternatives(self, fields: tuple[Field, ...], path: str) -> Alternatives:
        parts = [self._single(field, path) for field in fields]
        selectors = [(segment.item, segment.value, segment.group) for segment in self._options.segments]
        names = [field.name for field in fields]
        where = f"{path}.{names[0]}" if path else names[0]
        return Alternatives(parts, names, selectors=selectors, pad=self.items.codec.encode(" "), path=where)


def _clusters(fields: tuple[Field, ...]) -> list[tuple[Field, ...]]:
    """Each item with those that redefine it (or one that does)."""
    found: list[list[Field]] = []
    home: dict[str, int] = {}
    for field in fields:
        if field.redefines is not None:
            index = home[field.redefines]
            found[index].append(field)
        else:
            index = len(found)
            found.append([field])
        if not field.filler:
            home[field.name] = index
    return [tuple(cluster) for cluster in found]
