"""Copybooks made from others: several over one file, records with bytes around them, groups as text besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kakehashi.codec.copybook.picture import parse_picture
from kakehashi.codec.copybook.tree import Copybook, Field, Usage
from kakehashi.errors import Fault, InputError, Place

__all__ = ["merged", "with_margins", "with_texts"]


def merged(copybooks: Sequence[Copybook]) -> Copybook:
    """One whose records are those of all. Raises InputError CFG-003 where two have one name."""
    names: set[str] = set()
    for record in (record for copybook in copybooks for record in copybook.records):
        if record.name in names:
            raise InputError(Fault("CFG-003", Place(item=record.name), {"expected": "a name of its own"}))
        names.add(record.name)
    first = copybooks[0]
    return replace(
        first,
        records=tuple(record for copybook in copybooks for record in copybook.records),
        renames=tuple(each for copybook in copybooks for each in copybook.renames),
    )


def with_margins(copybook: Copybook, *, before: int, after: int) -> Copybook:
    """Bytes of no item stand before the first item of each record, and behind the last."""
    if not before and not after:
        return copybook
    return replace(copybook, records=tuple(_widened(record, before, after) for record in copybook.records))


def _widened(record: Field, before: int, after: int) -> Field:
    items = record.children or (replace(record, level=record.level + 1),)
    children = [_moved(item, before) for item in items]
    children[0] = replace(children[0], slack=children[0].slack + before)
    length = record.length + before + after
    if record.group:
        return replace(record, children=tuple(children), length=length)
    return Field(level=record.level, name=record.name, line=record.line, children=tuple(children), length=length)


def _moved(field: Field, by: int) -> Field:
    return replace(field, offset=field.offset + by, children=tuple(_moved(child, by) for child in field.children))


def with_texts(copybook: Copybook, names: Iterable[str]) -> Copybook:
    """Each of these groups has an item `<group>-NT` over it, which holds all of its bytes as text.

    Raises InputError CFG-006 for what is no group whose length is always the same.
    """
    for name in names:
        found = [_with_text(record, name.upper().replace("_", "-")) for record in copybook.records]
        if tuple(found) == copybook.records:
            raise InputError(Fault("CFG-006", Place(item=name)))
        copybook = replace(copybook, records=tuple(found))
    return copybook


def _with_text(field: Field, name: str) -> Field:
    children: list[Field] = []
    for child in field.children:
        children.append(_with_text(child, name))
        if child.group and child.name == name and not any(f.occurs and f.occurs.depending for f in child.walk()):
            children.append(_text_of(child))
    return replace(field, children=tuple(children))


def _text_of(group: Field) -> Field:
    return Field(
        level=group.level,
        name=f"{group.name}-NT",
        line=group.line,
        picture=parse_picture(f"X({group.length})"),
        usage=Usage.DISPLAY,
        occurs=group.occurs,
        redefines=group.name,
        offset=group.offset,
        length=group.length,
    )
