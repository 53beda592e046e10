"""A row of layout.csv → an item. Every cell is checked; positions count from 1, as vendors write them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kakehashi.codec.charset import CHARSETS
from kakehashi.codec.layout import Item, ItemType, Kind
from kakehashi.codec.nil import NIL_KINDS, ZERO_KINDS
from kakehashi.config.reading import Reading
from kakehashi.config.tables_reader import Columns, Table, TableRow
from kakehashi.domain.japanese_date import DATE_FORMS
from kakehashi.mapping.converters import close_names

__all__ = ["LAYOUT_COLUMNS", "ItemCells"]

LAYOUT_COLUMNS = Columns(
    ("name", "type", "length"),
    ("record", "no", "start", "repeat", "decimals", "note", "date", "charset", "nil", "pad", "justify", "trim",
     "sensitive", "required", "shift", "signed", "truncate", "zero"),
)  # fmt: skip
_NUMBERS = frozenset((ItemType.SIGNED, ItemType.PACKED, ItemType.ZONED, ItemType.BINARY))
_PADS: Mapping[str, str] = MappingProxyType({"space": " ", "wide-space": "　", "zero": "0"})
_YES, _NO = frozenset({"yes", "true", "1", "○"}), frozenset({"no", "false", "0", "×"})
_LONGEST = {ItemType.BINARY: 8, ItemType.PACKED: 16}
_BREAKS_SOURCES = frozenset(" \t　;,+.")


class ItemCells:
    """The cells of one row; each getter tells of what is wrong and goes on with a harmless value."""

    def __init__(self, reading: Reading, table: Table, row: TableRow) -> None:
        self._reading = reading
        self._table = table
        self._row = row

    def wrong(self, column: str, code: str = "CFG-008", **facts: str | int) -> None:
        self._reading.fault(code, self._table.place(self._row, column), **facts)

    def item(self, kind: Kind, *, start: int) -> Item:
        """The item; `start` is the running sum (0-based), which a given start must equal."""
        item_type = ItemType(self._choice("type", tuple(ItemType), ItemType.HALFWIDTH))
        date = self._choice("date", tuple(DATE_FORMS), "yyyymmdd")
        item = Item(
            name=self._name(),
            type=item_type,
            length=self._number("length", 1) if kind is not Kind.FIXED or self._row["length"] else self._no_length(),
            start=start,
            repeat=self._number("repeat", 1),
            decimals=self._number("decimals", 0, least=0),
            charset=self._choice("charset", tuple(CHARSETS), "") or None,
            date=date,
            nil=self._kinds("nil", NIL_KINDS),
            zero=self._kinds("zero", ZERO_KINDS),
            signed=self._flag("signed", default=True),
            required=self._flag("required", default=False),
            pad=self._pad(),
            justify=self._choice("justify", ("left", "right"), "") or None,
            trim=self._flag("trim", default=True),
            shift=self._choice("shift", ("embedded", "implied", "none"), "") or None,
            sensitive=self._flag("sensitive", default=False),
            truncate=self._flag("truncate", default=False),
            note=self._row["note"],
        )
        self._check(item, kind)
        return item

    def _check(self, item: Item, kind: Kind) -> None:
        given = self._number("start", 0) if self._row["start"] else 0
        if given and kind is not Kind.XML and given != item.start + 1:
            self.wrong("start", "CFG-007", name=item.name, found=given, expected=item.start + 1)
        if item.length > _LONGEST.get(item.type, item.length):
            self.wrong("length", "CFG-003", name=item.name, expected=f"at most {_LONGEST[item.type]}")
        if item.type is ItemType.DATE and kind is Kind.FIXED and item.length != DATE_FORMS[item.date]:
            self.wrong("length", "CFG-003", name=item.name, expected=DATE_FORMS[item.date])
        if item.zero and item.type not in _NUMBERS:
            self.wrong("zero", "CFG-003", name=item.name, expected="S9, P, Z or B: only a number can be zero")
        if both := item.zero & item.nil:
            self.wrong("zero", "CFG-003", name=item.name, expected=f"{min(both)} as nil or as zero, not both")
        if item.truncate and item.type not in {ItemType.HALFWIDTH, ItemType.FULLWIDTH}:
            self.wrong("truncate", "CFG-003", name=item.name, expected="X or N: only text can lose its end")
        self._number("no", 1)

    def _name(self) -> str:
        name = self._row["name"]
        if not name or name[0] in "=$@" or not _BREAKS_SOURCES.isdisjoint(name):
            self.wrong("name", expected="a name without spaces and ; , + . that does not begin with = $ @")
        return name

    def _no_length(self) -> int:
        self.wrong("length", "CFG-004")
        return 1

    def _number(self, column: str, default: int, *, least: int = 1) -> int:
        text = self._row[column]
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= least):
            self.wrong(column, "CFG-003", expected=f"a whole number from {least}")
            return max(default, least)
        return int(text)

    def _choice(self, column: str, known: tuple[str, ...], default: str) -> str:
        text = self._row[column]
        if text in known:
            return text
        if text or column == "type":
            self.wrong(column, "CFG-006", **close_names(text, known))
        return default

    def _flag(self, column: str, *, default: bool) -> bool:
        text = self._row[column].lower()
        if text in _YES or text in _NO:
            return text in _YES
        if text:
            self.wrong(column, "CFG-003", expected="yes or no")
        return default

    def _kinds(self, column: str, known: tuple[str, ...]) -> frozenset[str]:
        names = frozenset(self._row[column].split())
        for name in sorted(names - set(known)):
            self.wrong(column, "CFG-006", **close_names(name, known))
        return names & set(known)

    def _pad(self) -> str | None:
        text = self._row["pad"]
        if text in _PADS:
            return _PADS[text]
        if len(text) > 1:
            self.wrong("pad", "CFG-003", expected="one character, space, wide-space or zero")
        return text[:1] or None
