"""「外字・拡張漢字コード表」 A site's own table: what the codes of a vendor's extension area or of gaiji mean.

A table is a file of the site, JSON or CSV, with one row a code:

| column | content |
|---|---|
| code | the code in hex, one or two bytes |
| unicode | its code point in hex, or several (``304B 309A``) |
| sp | a mark that follows, if any |
| hd, aj1, ivs | the variation selector that follows, by collection; `selector` chooses one, `ivs` is always taken |
| valid_from, valid_to | the first and the last day on which the row holds, if it does not always |
| options | words: ``decode_only`` read, ``encode_only`` written, ``oneway`` read only (below); others inform |

A ``oneway`` or ``substitution`` row stands for its code alone, not for its character: it is written only when its
text has a variation selector that makes it unlike every other row's. Of several rows for one code the first is read,
of several for one text the first without a mark is written. Without a day, each code means what it means longest.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["CodeRow", "CodeTable", "build_table", "import_table", "json_rows"]

_UNMAPPED = "\ufffd"
_MARKED = frozenset(("oneway", "substitution"))
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_LONGEST = 2


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code and its text. `reads`: code → text; `writes`: text → code."""

    code: int
    text: str
    reads: bool = True
    writes: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class CodeTable:
    """`rows` are without conflict. Left out are `unmapped` rows (U+FFFD) and `controls` (control characters).

    `charset`: the family of charsets whose codes these are (charset_name.family_of); empty: of any.
    """

    name: str
    rows: tuple[CodeRow, ...]
    unmapped: int = 0
    controls: int = 0
    charset: str = ""


@dataclass(frozen=True, slots=True)
class _Given:
    line: int
    code: int
    text: str
    options: frozenset[str]
    selected: bool
    begins: date
    ends: date

    def check(self, others: Iterable[_Given]) -> None:
        other = next(filter(self._contradicts, others), None)
        if other is not None:
            raise _WrongCellError("code", f"one text a code and day: see {other.line}")

    def _contradicts(self, other: _Given) -> bool:
        """Whether both rows read one code on one day as different texts, and neither says that it stands back."""
        backing = _MARKED | {"encode_only"}
        if self.text == other.text or not (backing.isdisjoint(self.options) and backing.isdisjoint(other.options)):
            return False
        return self.begins <= other.ends and other.begins <= self.ends


class _WrongCellError(ValueError):
    def __init__(self, column: str, expected: str) -> None:
        super().__init__(column)
        self.column, self.expected = column, expected


def import_table(path: Path, *, selector: str = "hd", on: date | None = None) -> CodeTable:
    """The table of a file, .json or .csv, as it holds on a day.

    Raises ConfigurationError: CFG-005 when the file cannot be opened, CFG-008 for each wrong row.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
    if path.suffix.lower() == ".json":
        rows: Iterable[Mapping[str, object]] = json_rows(text, file=path.name)
    else:
        rows = csv.DictReader(text.splitlines())
    return build_table(path.stem, enumerate(rows, start=1), selector=selector, on=on, file=path.name)


def json_rows(text: str, *, file: str) -> list[Mapping[str, object]]:
    """A list of objects. Raises ConfigurationError CFG-008."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError([Fault("CFG-008", Place(file=file), {"expected": "a JSON list of objects"})])
    return rows


def build_table(
    name: str,
    rows: Iterable[tuple[int, Mapping[str, object]]],
    *,
    file: str,
    selector: str = "hd",
    on: date | None = None,
    strict: bool = False,
    charset: str = "",
) -> CodeTable:
    """The table of numbered rows as it holds on a day. `strict`: two readings of one code on one day are a fault.

    Raises ConfigurationError with CFG-008 for each wrong row, at its number and column.
    """
    given: list[_Given] = []
    by_code: dict[int, list[_Given]] = {}
    faults = []
    for number, cells in rows:
        try:
            row = _given(number, cells, selector)
            if strict:
                row.check(by_code.get(row.code, ()))
        except _WrongCellError as error:
            faults.append(Fault("CFG-008", Place(file=file, record=number, item=error.column),
                                {"expected": error.expected}))  # fmt: skip
        else:
            given.append(row)
            by_code.setdefault(row.code, []).append(row)
    if faults:
        raise ConfigurationError(faults)
    last = {code: max(row.ends for row in found) for code, found in by_code.items()}
    holding = [row for row in given if (row.begins <= on <= row.ends if on else row.ends == last[row.code])]
    kept = [row for row in holding if _UNMAPPED not in row.text and row.text not in _CONTROLS]
    unmapped = sum(_UNMAPPED in row.text for row in holding)
    return CodeTable(name, tuple(_settled(kept)), unmapped, len(holding) - len(kept) - unmapped, charset)


def _given(line: int, cells: Mapping[str, object], selector: str) -> _Given:
    selected = _points(cells, "ivs") or _points(cells, selector)
    text = _points(cells, "unicode") + _points(cells, "sp")
    try:
        code = bytes.fromhex(str(cells.get("code") or ""))
    except ValueError:
        code = b""
    if not 0 < len(code) <= _LONGEST:
        raise _WrongCellError("code", "one or two bytes in hex, as 80A1")
    if not text:
        raise _WrongCellError("unicode", "a code point in hex, as 8FBB")
    begins, ends = _day(cells, "valid_from", date.min), _day(cells, "valid_to", date.max)
    if ends < begins:
        raise _WrongCellError("valid_to", "not before valid_from")
    return _Given(
        line, int.from_bytes(code, "big"), text + selected, _options(cells), bool(selected), begins, ends
    )  # fmt: skip


def _options(cells: Mapping[str, object]) -> frozenset[str]:
    options = cells.get("options") or ""
    if isinstance(options, str):
        return frozenset(options.split())
    if not isinstance(options, list):
        raise _WrongCellError("options", "words")
    return frozenset(map(str, options))


def _day(cells: Mapping[str, object], column: str, otherwise: date) -> date:
    text = str(cells.get(column) or "")
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise _WrongCellError(column, "yyyy-mm-dd") from None


def _points(cells: Mapping[str, object], column: str) -> str:
    points = str(cells.get(column) or "").replace("_", " ").split()
    try:
        text = "".join(chr(int(point.removeprefix("U+"), 16)) for point in points)
        text.encode("utf-16")
    except (ValueError, OverflowError):
        raise _WrongCellError(column, "code points in hex, as 304B 309A") from None
    return text


def _settled(given: Iterable[_Given]) -> Iterator[CodeRow]:
    """Who is read for a code, and who is written for a text."""
    rows = list(given)
    read: dict[int, _Given] = {}
    written: dict[str, _Given] = {}
    for row in rows:
        if "encode_only" not in row.options:
            read.setdefault(row.code, row)
    for row in sorted(rows, key=lambda row: not row.options.isdisjoint(_MARKED)):
        if "decode_only" not in row.options and (row.selected or row.options.isdisjoint(_MARKED)):
            written.setdefault(row.text, row)
    for row in rows:
        reads, writes = read.get(row.code) is row, written.get(row.text) is row
        if reads or writes:
            yield CodeRow(row.code, row.text, reads, writes)
