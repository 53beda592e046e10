"""The lines of a vendor's record layout as they stand, below headings; nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kakehashi.config.layout_heading import Heading, find_headings
from kakehashi.config.layout_type import first_number, type_words
from kakehashi.config.sheet import Sheet, plain
from kakehashi.errors import Place

__all__ = ["Line", "Section", "sections_of", "stated_length"]

_TOTALS = frozenset({"合計", "計", "総計", "合計バイト数", "レコード長", "レコード長計", "レコード長合計"})
_GROUP_TYPES = frozenset({"集団", "集団項目", "グループ", "GROUP", "-", "ー", "―", "－"})
_RECORD_LENGTH = re.compile(
    r"(?:レコード長|レコードサイズ|レコードレングス|LRECL|RECORDLENGTH)[^0-9]*([0-9][0-9,]*)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row, from 1. `depth` grows with the indent; `type` is empty for groups; lengths None where none stands.

    `given`: bytes stated; None where only digits are (`digits`).
    """

    sheet: str
    row: int
    no: str
    name: str
    depth: int
    type: str
    given: int | None
    digits: int | None
    decimals: int
    start: int | None
    repeat: int
    record: str
    note: str
    typed: bool

    @property
    def length(self) -> int | None:
        return self.given if self.given is not None else self.digits

    @property
    def place(self) -> Place:
        """`file` is the sheet: who knows the file's name puts it before."""
        return Place(file=self.sheet, record=self.row, item=self.name)

    @property
    def is_total(self) -> bool:
        """A row that sums up, unless it has a type: an item of a trailer may be called so."""
        return plain(self.name) in _TOTALS and not self.type


@dataclass(frozen=True, slots=True)
class Section:
    """The lines between one heading and the next. `title`: the text above it, and the name of its sheet."""

    sheet: str
    title: str
    lines: Sequence[Line]


def sections_of(sheet: Sheet) -> list[Section]:
    headings = find_headings(sheet)
    ends = [*(heading.row for heading in headings[1:]), len(sheet.rows)][: len(headings)]
    return [
        Section(sheet.name, _title(sheet, heading), list(_lines(sheet, heading, end)))
        for heading, end in zip(headings, ends, strict=True)
    ]


def stated_length(sheets: Sequence[Sheet]) -> int | None:
    """レコード長：120バイト, in one cell or with the number in one of the next three."""
    for sheet in sheets:
        for row in sheet.rows:
            for column, text in enumerate(row):
                found = _RECORD_LENGTH.search(plain(text))
                if found is None:
                    continue
                near = [first_number(cell) for cell in row[column + 1 : column + 4]]
                number = first_number(found[1]) if found[1] else next((each for each in near if each), None)
                if number:
                    return number
    return None


def _title(sheet: Sheet, heading: Heading) -> str:
    rows = sheet.rows[max(heading.row - 4, 0) : heading.row]
    above = [cell for row in rows if not any(plain(cell).isdigit() for cell in row) for cell in row if cell]
    return " ".join([sheet.name, *above])


def _lines(sheet: Sheet, heading: Heading, end: int) -> Iterator[Line]:
    at = heading.columns
    for row in range(heading.end, end):
        cells = [(place, sheet.cell(row, place)) for place in heading.names]
        depth, name = next(((place, text) for place, text in reversed(cells) if text), (heading.names.start, ""))
        kind = sheet.spread(row, at.get("type"))
        words = type_words(kind)
        no = sheet.cell(row, at.get("no"))
        if not kind and (total := _total(sheet.rows[row])):
            no, name, digits, given = "", *total
        else:
            digits, given = _digits(sheet, row, heading), _given(sheet, row, heading)
        if not name and digits is None and given is None:
            continue
        yield Line(
            sheet=sheet.name,
            row=row + 1,
            no=plain(no),
            name=name.strip("　 "),
            depth=100 * (first_number(sheet.cell(row, at.get("level"))) or 0)
            + 10 * (depth - heading.names.start + len(name) - len(name.lstrip("　")))
            + len(re.findall(r"[-.]", no)),
            type="" if plain(kind).upper() in _GROUP_TYPES else kind,
            given=given,
            digits=words.length if digits is None else digits,
            decimals=words.decimals or _decimals(sheet, row, heading),
            start=first_number(sheet.cell(row, at.get("start"))),
            repeat=max(first_number(sheet.cell(row, at.get("repeat"))) or 1, 1),
            record=sheet.spread(row, at.get("record")),
            note=" ".join(sheet.cell(row, at.get("note")).split()),
            typed="type" in at,
        )


def _total(cells: Sequence[str]) -> tuple[str, None, int | None] | None:
    """合計 in any column, and the greatest number beside it."""
    name = next((cell for cell in cells if plain(cell) in _TOTALS), None)
    if name is None:
        return None
    return name, None, max((number for cell in cells if (number := first_number(cell))), default=None)


def _given(sheet: Sheet, row: int, heading: Heading) -> int | None:
    """Bytes stated, or those from the first to the last place, where nothing else tells a length."""
    if heading.length is not None or "whole" in heading.columns:
        return first_number(sheet.cell(row, heading.columns.get("bytes")))
    first, last = (first_number(sheet.cell(row, heading.columns.get(each))) for each in ("start", "end"))
    return None if first is None or last is None or last < first else last - first + 1


def _digits(sheet: Sheet, row: int, heading: Heading) -> int | None:
    """Those before the point and those behind it together, where they have columns of their own."""
    whole = first_number(sheet.cell(row, heading.columns.get("whole")))
    if whole is None:
        return first_number(sheet.cell(row, heading.columns.get("digits")))
    return whole + (first_number(sheet.cell(row, heading.columns.get("decimals"))) or 0)


def _decimals(sheet: Sheet, row: int, heading: Heading) -> int:
    """Of their own column, or 9.2 and 9,2 in that of the digits."""
    own = first_number(sheet.cell(row, heading.columns.get("decimals")))
    point = re.fullmatch(r"[0-9]+[.,]([0-9])", plain(sheet.cell(row, heading.columns.get("digits"))))
    return own if own is not None else int(point[1]) if point else 0
