"""The offset table of a copybook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kakehashi.codec.copybook.tree import Copybook, Field, Renames

__all__ = ["Row", "explain"]


class Row(NamedTuple):
    """One item. `offset` counts from 1, `length` is that of one occurrence; `depth` 0 is a record."""

    depth: int
    level: int
    name: str
    pic: str
    usage: str
    offset: int
    end: int
    length: int
    occurs: str
    depends_on: str
    redefines: str


def explain(copybook: Copybook) -> tuple[Row, ...]:
    """Every item, slack bytes, level 88 and 66, in the order of the copybook. Tables stand at their maximum."""
    rows = [row for record in copybook.records for row in _rows(record, 0)]
    rows += [_renamed(copybook, each) for each in copybook.renames]
    return tuple(rows)


def _renamed(copybook: Copybook, each: Renames) -> Row:
    """The bytes from one item to another, in the first record that has both."""
    row = _other(66, each.name, f"{each.first} THRU {each.last}" if each.first != each.last else each.first)
    for record in copybook.records:
        known = {field.name: field for field in record.walk()}
        if each.first in known and each.last in known:
            first, last = known[each.first], known[each.last]
            end = last.offset + last.size
            return row._replace(offset=first.offset + 1, end=end, length=end - first.offset)
    return row


def _rows(field: Field, depth: int) -> Iterator[Row]:
    if field.slack:
        start = field.offset - field.slack
        yield Row(depth, field.level, "(slack)", "", "", start + 1, field.offset, field.slack, "", "", "")
    occurs = field.occurs
    yield Row(
        depth=depth,
        level=field.level,
        name=field.name,
        pic=field.picture.text if field.picture else "",
        usage="" if field.group else str(field.usage),
        offset=field.offset + 1,
        end=field.offset + field.size,
        length=field.length,
        occurs="" if occurs is None else str(occurs.most) if not occurs.depending else f"{occurs.least}-{occurs.most}",
        depends_on=(occurs.depending or "") if occurs else "",
        redefines=field.redefines or "",
    )
    for condition in field.conditions:
        values = " ".join(first if first == last else f"{first} THRU {last}" for first, last in condition.values)
        yield _other(88, condition.name, values, depth + 1)
    for child in field.children:
        yield from _rows(child, depth + 1)


def _other(level: int, name: str, text: str, depth: int = 1) -> Row:
    return Row(depth, level, name, text, "", 0, 0, 0, "", "", "")
