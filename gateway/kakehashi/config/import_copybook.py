"""「コピー句取込」 A copybook → the rows of our layout.csv, where a layout can say what the copybook says.

Pure. Tables of groups are written out; of items that redefine one another the first stays; bytes of no item are
FILLERs. What a layout has no word for is a fault: such a copybook is a layout by itself (`decode --layout x.cpy`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.tree import Copybook, Dialect, Field, Usage
from kakehashi.config.import_layout import COLUMNS, Guess, Imported, names_of, rows_of
from kakehashi.config.layout_group import Found
from kakehashi.config.layout_line import Line
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["import_copybook"]

_BIG = {Dialect.IBM, Dialect.HITACHI, Dialect.NEC}
_EXPECTED = {"expected": "what layout.csv has a type for; decode and encode take the copybook itself"}
_TYPE = COLUMNS.index("type")
_LONGEST = {"B": 8, "P": 16}


def import_copybook(book: Copybook, *, file: str) -> Imported:
    """One record type for each level 01. Raises ConfigurationError CFG-003 with every item that has no counterpart."""
    rows: list[tuple[str, ...]] = []
    lengths: dict[str, int] = {}
    guesses: list[Guess] = []
    faults: list[Fault] = []
    for record in book.records:
        name = "data" if len(book.records) == 1 else record.name
        writing = _Writing(book.dialect)
        writing.fields(record, record.offset, ())
        writing.fill(record.size)
        names, _ = names_of(writing.items)
        found = zip(rows_of(name, writing.items, names), writing.signs, strict=True)
        rows += [(*row, "" if signed else "no", "implied" if row[_TYPE] == "N" else "") for row, signed in found]
        lengths[name] = writing.at
        guesses += writing.guesses
        faults += [
            Fault("CFG-003", Place(file=file, record=each.line, item=each.name), {"found": _told(each), **_EXPECTED})
            for each in writing.foreign
        ]
    if faults:
        raise ConfigurationError(faults)
    return Imported(tuple(rows), lengths, tuple(guesses), (*COLUMNS, "signed", "shift"))


def _told(each: Field) -> str:
    return " ".join(word for word in (each.picture.text if each.picture else "", str(each.usage)) if word)


@dataclass(slots=True)
class _Writing:
    """Items one behind the other; `at` is where the next begins, from 0."""

    dialect: Dialect
    items: list[Found] = field(default_factory=list)
    signs: list[bool] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    foreign: list[Field] = field(default_factory=list)
    at: int = 0

    def fields(self, each: Field, start: int, path: tuple[str, ...]) -> None:
        """An item with all its occurrences, the first of which begins at `start`."""
        self.fill(start)
        most = each.occurs.most if each.occurs else 1
        if each.occurs and each.occurs.depending:
            self.guesses.append(Guess("most", "", each.line, each.name))
        if not each.group:
            self._item(each, most, path)
            return
        inner = path if each.level == 1 else (*path, each.name)
        for copy in range(most):
            here = inner if most == 1 else (*path, f"{each.name}_{copy + 1}")
            begin = start + copy * each.length
            for child in self._counting(each):
                self.fields(child, begin + child.offset - each.offset, here)
            self.fill(begin + each.length)
        if most > 1:
            self.guesses.append(Guess("repeated-group", "", each.line, each.name))

    def fill(self, end: int) -> None:
        """Bytes of no item up to `end`."""
        if end > self.at:
            self._add("FILLER", "X", end - self.at, 1, ())

    def _counting(self, group: Field) -> Iterator[Field]:
        for child in group.children:
            if child.redefines is None:
                yield child
            else:
                guess = Guess("redefines", "", child.line, child.name)
                self.guesses += [] if guess in self.guesses else [guess]

    def _item(self, each: Field, most: int, path: tuple[str, ...]) -> None:
        kind = _kind(each, self.dialect)
        if kind is None or each.length > _LONGEST.get(kind, each.length):
            self.foreign += [] if each in self.foreign else [each]
            kind = "X"
        picture = each.picture
        number = kind in {"S9", "P", "Z", "B"} and picture is not None
        if picture is not None and picture.category in {Category.EDITED_NUMBER, Category.EDITED_TEXT}:
            self.guesses.append(Guess("edited", "", each.line, each.name))
        self._add(each.name, kind, each.length, most, path, decimals=picture.scale if number and picture else 0,
                  signed=not number or bool(picture and picture.signed))  # fmt: skip

    def _add(
        self, name: str, kind: str, size: int, repeat: int, path: tuple[str, ...], *,
        decimals: int = 0, signed: bool = True,
    ) -> None:  # fmt: skip
        line = Line(
            sheet="", row=0, no="", name=name, depth=0, type=kind, given=size, digits=None, decimals=decimals,
            start=None, repeat=repeat, record="", note="", typed=True,
        )  # fmt: skip
        self.items.append(Found(line=line, name=name, type=kind, size=size, date="", path=path, start=None))
        self.signs.append(signed)
        self.at += size * repeat


def _kind(each: Field, dialect: Dialect) -> str | None:
    """Our type; None where there is none: other places of signs and points, other orders of bytes, floats."""
    picture = each.picture
    if picture is None or picture.scale < 0:
        return None
    match each.usage:
        case Usage.DISPLAY if picture.category is Category.NUMBER:
            if not picture.signed:
                return "Z" if picture.scale else "9"
            if each.sign.separate:
                return "S9" if each.sign.leading else None
            return None if each.sign.leading else "Z"
        case Usage.DISPLAY | Usage.DBCS:
            return "N" if picture.category is Category.WIDE else "X"
        case Usage.PACKED:
            return "P"
        case Usage.BINARY | Usage.COMP_X if picture.category is Category.NUMBER:
            return "B"
        case Usage.NATIVE if dialect in _BIG:
            return "B"
        case _:
            return None
