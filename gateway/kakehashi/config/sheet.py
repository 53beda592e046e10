"""Sheets as people draw them: with merged cells. Text alone, wide digits and letters made narrow."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zipfile import BadZipFile

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["Sheet", "plain", "read_sheets"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells by row and column, from 0. A merged cell has its text at its upper left corner alone.

    `above`: the text of a merged cell in the rows below its first. `widths`: how many columns a merged cell takes.
    """

    name: str
    rows: Sequence[Sequence[str]]
    above: Mapping[tuple[int, int], str] = field(default_factory=dict)
    widths: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def cell(self, row: int, column: int | None) -> str:
        if column is None or row >= len(self.rows) or column >= len(self.rows[row]):
            return ""
        return self.rows[row][column]

    def spread(self, row: int, column: int | None) -> str:
        """As `cell`, but a cell merged with the one above has its text."""
        return self.cell(row, column) or (self.above.get((row, column), "") if column is not None else "")


def plain(text: str) -> str:
    """For comparisons: compatibility forms folded, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def read_sheets(content: bytes, *, file: str) -> tuple[Sheet, ...]:
    """The sheets of an .xlsx, or the one of a .csv (UTF-8 or CP932). Raises ConfigurationError CFG-008."""
    if file.lower().endswith(".xlsx"):
        return _workbook(content, file)
    return (Sheet("", _csv(content, file)),)


def _csv(content: bytes, file: str) -> list[list[str]]:
    for charset in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(charset)
            return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
        except (UnicodeDecodeError, csv.Error):
            continue
    raise ConfigurationError([Fault("CFG-008", Place(file=file), {"expected": "CSV in UTF-8 or CP932"})])


def _workbook(content: bytes, file: str) -> tuple[Sheet, ...]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # slow, and seldom needed
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

    try:
        book = load_workbook(io.BytesIO(content), data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError):
        raise ConfigurationError([Fault("CFG-008", Place(file=file), {"expected": ".xlsx"})]) from None
    sheets = []
    for page in book.worksheets:
        rows = [[_text(value) for value in row] for row in page.iter_rows(values_only=True)]
        areas = [(a.min_row - 1, a.max_row, a.min_col - 1, a.max_col) for a in page.merged_cells.ranges]
        above = {(row, left): rows[top][left] for top, bottom, left, _ in areas for row in range(top + 1, bottom)}
        widths = {(top, left): right - left for top, _, left, right in areas}
        sheets.append(Sheet(page.title, rows, above, widths))
    return tuple(sheets)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip(" \t\r\n")
