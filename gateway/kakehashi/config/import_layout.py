"""「レイアウト取込」 A vendor's record layout, as a sheet for people → the rows of our layout.csv.

Pure: sheets in, rows and what was guessed out. Nothing is taken whose lengths do not add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from kakehashi.config.layout_group import Found, Resolved, resolve
from kakehashi.config.layout_line import Line, Section, sections_of, stated_length
from kakehashi.config.layout_type import Size, uses_bank_style
from kakehashi.config.sheet import Sheet, plain
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["COLUMNS", "Guess", "Imported", "import_layout", "names_of", "rows_of"]

COLUMNS = ("record", "no", "name", "type", "length", "start", "repeat", "decimals", "date", "note")
_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "ヘッダ": "header",
        "トレーラ": "trailer",
        "トレイラ": "trailer",
        "エンド": "end",
        "データ": "data",
        "明細": "data",
    }
)
_SIZES = tuple(Size(wide_doubled=wide, digits_packed=packed) for wide, packed in product((False, True), repeat=2))
_FILLERS = frozenset({"FILLER", "フィラー", "予備", "予備領域", "空き", "余白", "ダミー"})
_BREAKS = str.maketrans(dict.fromkeys(" \t\u3000;,+.", "_"))


@dataclass(frozen=True, slots=True)
class Guess:
    """Something that the sheet did not say in so many words. `row` from 1, where there is one."""

    code: str
    sheet: str = ""
    row: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows in the order of `columns`; the bytes of each record type."""

    rows: tuple[tuple[str, ...], ...]
    lengths: Mapping[str, int]
    guesses: tuple[Guess, ...]
    columns: tuple[str, ...] = COLUMNS


def import_layout(sheets: Sequence[Sheet], *, file: str, record_length: int | None = None) -> Imported:
    """`record_length` holds over what the sheets say. Raises ConfigurationError with every fault."""
    sections = [section for sheet in sheets for section in sections_of(sheet)]
    if not any(section.lines for section in sections):
        expected = "headings such as 項目名 and バイト数 or 桁数"
        raise ConfigurationError([Fault("CFG-008", Place(file=file), {"expected": expected})])
    length = record_length or stated_length(sheets)
    made = [_import_record(record, lines, length) for record, lines in _records(sections)]
    faults = [_in_file(fault, file) for each in made for fault in each.faults]
    if faults:
        raise ConfigurationError(faults)
    guesses = [guess for each in made for guess in each.guesses]
    if length is None:
        guesses.append(Guess("no-record-length"))
    used = {section.sheet for section in sections}
    guesses += [Guess("sheet-left-out", sheet.name) for sheet in sheets if sheet.name not in used]
    return Imported(
        rows=tuple(row for each in made for row in each.rows),
        lengths={each.record: each.length for each in made},
        guesses=tuple(guesses),
    )


def _in_file(fault: Fault, file: str) -> Fault:
    """As spreadsheets write it: file!sheet."""
    return fault.at(file=f"{file}!{fault.place.file}" if fault.place.file else file)


@dataclass(frozen=True, slots=True)
class _Made:
    record: str
    length: int
    rows: list[tuple[str, ...]]
    guesses: list[Guess]
    faults: list[Fault]


def _records(sections: Sequence[Section]) -> list[tuple[str, list[Line]]]:
    """Lines by record type: those of a new page go on with the record, unless numbers or places start again."""
    records: list[tuple[str, list[Line]]] = []
    for section in sections:
        for index, line in enumerate(section.lines):
            if line.record:
                name = _role(line.record) or line.record.translate(_BREAKS)
            elif records and (index or not _starts_again(section)):
                name = records[-1][0]
            else:
                name = _role(section.title) or f"record{len(records) + 1}"
            if not records or records[-1][0] != name or (index == 0 and _starts_again(section)):
                records.append((name, []))
            records[-1][1].append(line)
    if len(records) == 1:
        return [("data", records[0][1])]
    return [(name if count == 1 else f"{name}{at}", lines) for at, (name, lines) in enumerate(records, start=1)
            for count in [sum(other == name for other, _ in records)]]  # fmt: skip


def _starts_again(section: Section) -> bool:
    first = next((line for line in section.lines if line.length is not None), section.lines[0])
    if first.start is not None:
        return first.start <= 1
    return first.no == "1"


def _role(title: str) -> str | None:
    """By the last of the words, which stands nearest to the heading."""
    text = plain(title)
    found = [(text.rfind(word), role) for word, role in _ROLES.items() if word in text]
    return max(found)[1] if found else None


def _import_record(record: str, placed: Sequence[Line], length: int | None) -> _Made:
    sheet = placed[0].sheet
    totals = [line.length for line in placed if line.is_total and line.length]
    lines = [line for line in placed if not line.is_total]
    expected = totals[-1] if totals and length is None else length
    bank = uses_bank_style(line.type for line in lines)
    tried = [(size, resolve(lines, size, bank_style=bank)) for size in _SIZES]
    checked = [(size, found, [*found.faults, *_misplaced(found, record, expected)]) for size, found in tried]
    size, found, faults = min(checked, key=lambda each: (len(each[2]), _halves(each[1])))
    guesses = [Guess(code, line.sheet, line.row, name) for line, code, name in dict.fromkeys(found.guesses)]
    guesses += [Guess(code, sheet) for code, used in (
        ("bank-style", bank), ("wide-doubled", size.wide_doubled), ("digits-packed", size.digits_packed),
        ("digits-as-bytes", size == Size() and all(line.given is None for line in lines)),
    ) if used]  # fmt: skip
    if not found.items:
        faults = [*faults, Fault("CFG-008", lines[0].place if lines else placed[0].place, {"expected": "an item"})]
    names, renamed = names_of(found.items)
    guesses += [Guess("renamed", item.line.sheet, item.line.row, name) for item, name in renamed]
    total = sum(item.size * item.line.repeat for item in found.items)
    return _Made(record, total, rows_of(record, found.items, names), guesses, faults)


def _halves(found: Resolved) -> int:
    """Items of full-width text that would end in half a kanji."""
    return sum(item.type == "N" and item.size % 2 for item in found.items)


def _misplaced(found: Resolved, record: str, expected: int | None) -> list[Fault]:
    """Starts that differ from the sum of what comes before, and a sum that differs from the record length."""
    faults: list[Fault] = []
    first = next((item.start for item in found.items if item.start is not None), 1)
    at = min(first, 1)
    for item in found.items:
        if item.start is not None and item.start != at:
            faults.append(Fault("CFG-007", item.line.place, {"found": item.start, "expected": at}))
            at = item.start
        at += item.size * item.line.repeat
    total = sum(item.size * item.line.repeat for item in found.items)
    if expected is not None and total != expected:
        faults.append(Fault("CFG-011", Place(item=record), {"items": total, "record_length": expected}))
    return faults


def names_of(items: Sequence[Found]) -> tuple[list[str], list[tuple[Found, str]]]:
    """Names that our tables can hold, each once in a record; and those that had to change: behind as many of their
    groups as tell them apart.
    """
    times = Counter(name for item in items for name in _longer(item))
    made: list[str] = []
    for item in items:
        name, *longer = _longer(item)
        if times[name] > 1 and plain(name).upper() in _FILLERS:
            made.append("FILLER")
            continue
        wanted = next((each for each in (name, *longer) if times[each] == 1), [name, *longer][-1])
        serial, unique = 1, wanted
        while unique in made:
            serial += 1
            unique = f"{wanted}_{serial}"
        made.append(unique)
    return made, [(item, name) for item, name in zip(items, made, strict=True) if name != item.name]


def _longer(item: Found) -> list[str]:
    """The item's name, then behind its group's, then behind that of the group above, and so on."""
    words = [*item.path, item.name]
    return [_name("_".join(words[at:])) for at in range(len(words) - 1, -1, -1)]


def _name(text: str) -> str:
    name = "_".join(part for part in text.translate(_BREAKS).replace("\n", "_").split("_") if part)
    return name.lstrip("=$@") or "FILLER"


def rows_of(record: str, items: Sequence[Found], names: Sequence[str]) -> list[tuple[str, ...]]:
    """In the order of COLUMNS; one item follows the other."""
    rows: list[tuple[str, ...]] = []
    at = 1
    for number, (item, name) in enumerate(zip(items, names, strict=True), start=1):
        repeat = "" if item.line.repeat == 1 else str(item.line.repeat)
        decimals = str(item.line.decimals) if item.line.decimals and item.type in {"S9", "P", "Z", "B"} else ""
        date = "" if item.date == "yyyymmdd" else item.date
        rows.append(
            (record, str(number), name, item.type, str(item.size), str(at), repeat, decimals, date, item.line.note)
        )
        at += item.size * item.line.repeat
    return rows
