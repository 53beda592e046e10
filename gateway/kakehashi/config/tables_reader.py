"""Tables as engineers have them: .csv (UTF-8, a byte order mark is fine) and .xlsx, read alike as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zipfile import BadZipFile

from kakehashi.config.reading import Reading
from kakehashi.errors import Place
from kakehashi.mapping.converters import close_names

__all__ = ["Columns", "Table", "TableRow", "read_table"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a kind of table."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class TableRow:
    """`line` counts from 1, the header included; a column that the table has not is an empty cell."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows that hold anything. `file` is for places."""

    file: str
    rows: tuple[TableRow, ...]

    def place(self, row: TableRow, column: str) -> Place:
        return Place(file=self.file, record=row.line, item=column)


def read_table(reading: Reading, file: str, columns: Columns, *, named_by: Place | None = None) -> Table | None:
    """The table; None with CFG-005 or CFG-008 for what cannot be read at all. Wrong rows are left out with CFG-008."""
    raw = reading.content(file, named_by=named_by)
    if raw is None:
        return None
    lines = _xlsx_lines(reading, file, raw) if file.lower().endswith(".xlsx") else _csv_lines(reading, file, raw)
    if lines is None:
        return None
    first = next(iter(lines), None)
    header = tuple(cell.strip() for cell in first[1]) if first else ()
    while header and not header[-1]:
        header = header[:-1]
    if not _check_header(reading, file, header, columns):
        return None
    return Table(file, tuple(_rows(reading, file, header, lines[1:])))


def _check_header(reading: Reading, file: str, header: Sequence[str], columns: Columns) -> bool:
    before = len(reading.faults)
    for position, name in enumerate(header):
        if name not in columns.all:
            reading.fault("CFG-008", Place(file=file, record=1, item=name or str(position + 1)),
                          column=position + 1, **close_names(name, columns.all))  # fmt: skip
        elif name in header[:position]:
            reading.fault("CFG-008", Place(file=file, record=1, item=name), column=position + 1, expected="once")
    for name in columns.required:
        if name not in header:
            reading.fault("CFG-008", Place(file=file, record=1, item=name), expected="the column " + name)
    return len(reading.faults) == before


def _rows(
    reading: Reading, file: str, header: Sequence[str], lines: Iterable[tuple[int, Sequence[str]]]
) -> Iterator[TableRow]:
    for line, cells in lines:
        if not any(cells):
            continue
        if any(cells[len(header) :]):
            reading.fault("CFG-008", Place(file=file, record=line), cells=len(cells), columns=len(header))
            continue
        yield TableRow(line, {name: cell.strip(" \t") for name, cell in zip(header, cells, strict=False)})


def _csv_lines(reading: Reading, file: str, raw: bytes) -> list[tuple[int, Sequence[str]]] | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reading.fault("CFG-008", Place(file=file, record=line, offset=error.start), expected="UTF-8")
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, Sequence[str]]] = []
    start = 1
    try:
        for cells in reader:
            lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error:
        reading.fault("CFG-008", Place(file=file, record=start), expected='CSV: a quote inside quotes is doubled ""')
        return None
    return lines


def _xlsx_lines(reading: Reading, file: str, raw: bytes) -> list[tuple[int, Sequence[str]]] | None:
    """The first sheet. A number with a format of zeros (0000) is read as it is shown."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # slow, and seldom needed
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        return [
            (line, [_cell_text(cell.value, getattr(cell, "number_format", "")) for cell in row])
            for line, row in enumerate(sheet.iter_rows(), start=1)
        ]
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError, IndexError, SyntaxError):
        reading.fault("CFG-008", Place(file=file), expected=".xlsx")
        return None


def _cell_text(value: object, number_format: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and "E+" in number_format.upper():
        return format(value, "E")  # what a spreadsheet made of the code 81E2: to be seen, never taken for 8100
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and number_format and not number_format.strip("0"):
        return str(value).zfill(len(number_format))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
