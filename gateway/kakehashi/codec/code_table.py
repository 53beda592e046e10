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
of several for one text the first without a mark is written.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["CodeRow", "CodeTable", "import_table"]

_UNMAPPED = "\ufffd"
_MARKED = frozenset(("oneway", "substitution"))
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code and its text. `reads`: code → text; `writes`: text → code."""

    code: int
    text: str
    reads: bool = True
    writes: bool = True


@dataclass(frozen=True, slots=True)
class CodeTable:
    """`rows` are without conflict. Left out are `unmapped` rows (U+FFFD) and `controls` (control characters)."""

    name: str
    rows: tuple[CodeRow, ...]
    unmapped: int = 0
    controls: int = 0


@dataclass(frozen=True, slots=True)
class _Given:
    code: int
    text: str
    options: frozenset[str]
    selected: bool


def import_table(path: Path, *, selector: str = "hd", on: date | None = None) -> CodeTable:
    """The table of a file, as it holds on a day (None: every row).

    Raises ConfigurationError: CFG-005 when the file cannot be opened, CFG-008 for each wrong row.
    """
    given, faults = [], []
    for number, cells in enumerate(_cells(path), start=1):
        try:
            if _holds(cells, on):
                given.append(_given(cells, selector))
        except (KeyError, ValueError, OverflowError):
            faults.append(Fault("CFG-008", Place(file=path.name, record=number)))
    if faults:
        raise ConfigurationError(faults)
    kept = [row for row in given if _UNMAPPED not in row.text and row.text not in _CONTROLS]
    unmapped = sum(_UNMAPPED in row.text for row in given)
    return CodeTable(path.stem, tuple(_settled(kept)), unmapped, len(given) - len(kept) - unmapped)


def _cells(path: Path) -> Iterable[Mapping[str, object]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
    if path.suffix.lower() != ".json":
        return list(csv.DictReader(text.splitlines()))
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError([Fault("CFG-008", Place(file=path.name))])
    return rows


def _holds(cells: Mapping[str, object], on: date | None) -> bool:
    first, last = (str(cells.get(column) or "") for column in ("valid_from", "valid_to"))
    begin, end = date.fromisoformat(first or "0001-01-01"), date.fromisoformat(last or "9999-12-31")
    return on is None or begin <= on <= end


def _given(cells: Mapping[str, object], selector: str) -> _Given:
    selected = _points(cells.get("ivs")) or _points(cells.get(selector))
    text = _points(cells["unicode"]) + _points(cells.get("sp"))
    code = bytes.fromhex(str(cells["code"]))
    if not text or len(code) not in {1, 2}:
        raise ValueError
    options = cells.get("options") or ""
    words = options.split() if isinstance(options, str) else [str(word) for word in _list(options)]
    return _Given(int.from_bytes(code, "big"), text + selected, frozenset(words), bool(selected))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004  # a wrong row like any other
    return value


def _points(cell: object) -> str:
    return "".join(chr(int(point.removeprefix("U+"), 16)) for point in str(cell or "").replace("_", " ").split())


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
