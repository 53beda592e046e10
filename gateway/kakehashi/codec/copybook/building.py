"""From entries to fields: usages inherited, lengths, slack bytes, offsets; and what no copybook may say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kakehashi.codec.copybook.clause import Entry
from kakehashi.codec.copybook.picture import whole_bytes
from kakehashi.codec.copybook.problem import problem
from kakehashi.codec.copybook.storage import Compiler, alignment, size_of
from kakehashi.codec.copybook.tree import Field, Sign, Usage

__all__ = ["build_records"]

_LONGEST = 1 << 31
_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What a group says for everything below it."""

    usage: Usage | None = None
    sign: Sign | None = None
    synchronized: bool = False


@dataclass(frozen=True, slots=True)
class _Sized:
    """A field without offsets, the boundary that it starts at, and the greatest boundary inside it."""

    field: Field
    start: int
    inside: int
    children: tuple[_Sized, ...] = ()


def build_records(entries: Sequence[Entry], *, compiler: Compiler) -> tuple[Field, ...]:
    """Records of a copybook. Entries on top that are no level 01 or 77 are the items of one record without a name.

    Raises ConfigurationError CFG-013.
    """
    if any(entry.level not in {1, 77} for entry in entries):
        entries = [Entry(1, entries[0].at, children=list(entries))]
    records = [_placed(_sized(entry, _Inherited(), compiler), 0) for entry in entries]
    for entry, record in zip(entries, records, strict=True):
        if sum(1 for _ in record.walk()) > _ITEMS or record.size > _LONGEST:
            raise problem(entry.at, expected=f"at most {_ITEMS} items and {_LONGEST} bytes")
        _check_counts(record, entry)
    return tuple(records)


def _sized(entry: Entry, above: _Inherited, compiler: Compiler) -> _Sized:
    below = _Inherited(entry.usage or above.usage, entry.sign or above.sign, entry.synchronized or above.synchronized)
    if not entry.children:
        return _elementary(entry, below, compiler)
    children = tuple(_sized(child, below, compiler) for child in entry.children)
    _check_redefines(entry)
    inside = max(child.inside for child in children)
    field = _field(entry, Usage.DISPLAY, Sign(), tuple(child.field for child in children))
    return _Sized(field, children[0].start, inside, children)


def _elementary(entry: Entry, below: _Inherited, compiler: Compiler) -> _Sized:
    usage = below.usage or Usage.DISPLAY
    if entry.usage is None and entry.picture is not None and not entry.picture.numeric:
        usage = usage if usage in {Usage.NATIONAL, Usage.DBCS} else Usage.DISPLAY
    if usage is Usage.PACKED_BYTES and entry.picture is not None:
        entry.picture = whole_bytes(entry.picture)
    length = size_of(entry.picture, usage, below.sign, compiler=compiler)
    if length is None:
        expected = "PIC or an item of a higher level below" if entry.picture is None else f"a picture for {usage}"
        raise problem(entry.at, expected=expected, found=entry.name or "FILLER")
    boundary = alignment(usage, length, dialect=compiler.dialect) if below.synchronized else 1
    field = replace(_field(entry, usage, below.sign or Sign(), ()), length=length)
    return _Sized(field, boundary, boundary)


def _field(entry: Entry, usage: Usage, sign: Sign, children: tuple[Field, ...]) -> Field:
    return Field(
        level=entry.level,
        name=entry.name or "FILLER",
        line=entry.at.line,
        picture=entry.picture,
        usage=usage,
        sign=sign,
        occurs=entry.occurs,
        redefines=entry.redefines,
        blank_when_zero=entry.blank_when_zero,
        justified=entry.justified,
        synchronized=entry.synchronized,
        filler=not entry.name,
        conditions=tuple(entry.conditions),
        children=children,
    )


def _placed(sized: _Sized, offset: int) -> Field:
    """With offsets and lengths of everything. An occurrence of a table with aligned items ends at a boundary."""
    if not sized.children:
        return replace(sized.field, offset=offset)
    children: list[Field] = []
    starts: dict[str, int] = {}
    at = end = offset
    for child in sized.children:
        slack = 0
        if child.field.redefines is not None:
            at = starts[child.field.redefines]
        else:
            slack = -end % child.start
            at = end + slack
        placed = replace(_placed(child, at), slack=slack)
        if not placed.filler:
            starts[placed.name] = at
        end = max(end, at + placed.size)
        children.append(placed)
    length = end - offset
    if sized.field.occurs is not None:
        length += -length % sized.inside
    return replace(sized.field, offset=offset, length=length, children=tuple(children))


def _check_redefines(entry: Entry) -> None:
    """A redefined item stands before, on the same level, and is not a table of its own."""
    known: set[str] = set()
    for child in entry.children:
        if child.redefines is not None and child.redefines not in known:
            raise problem(child.at, expected="REDEFINES of an item before it on its level", found=child.redefines)
        if child.name:
            known.add(child.name)


def _check_counts(record: Field, entry: Entry) -> None:
    """What a table depends on is an elementary item that stands before the table."""
    seen: set[str] = set()
    for field in record.walk():
        depending = field.occurs.depending if field.occurs else None
        if depending is not None and depending not in seen:
            at = entry.at._replace(line=field.line, column=1)
            raise problem(at, expected="DEPENDING ON an item that stands before the table", found=depending)
        if not field.group:
            seen.add(field.name)
