"""The CSV tables of a profile: results, permissions, degrade table, standards. Faults are collected, not raised."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import ResultClass
from kakehashi.domain.standard_table import parse_code_list, parse_standard
from kakehashi.domain.wire_form import WireForm
from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi.interface.profile_files import ProfileFiles
from kakehashi.interface.service import SpecialTime, special_time

__all__ = [
    "read_calendar",
    "read_degrade",
    "read_names",
    "read_permissions",
    "read_provisions",
    "read_reasons",
    "read_results",
    "read_standards",
]

_CHARACTER = ".[\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef]?"
_CLASSES = {str(int(each)) for each in ResultClass}
_DAY = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?"
_PERMITTED = ("department", "affair", "procedure", "info_name", "valid_from", "valid_to")
_DATE = "(20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?"
_PERMISSION = (r"[0-9A-Za-z]{1,20}", "JM[0-9]{14}", "JT[0-9]{14}", "TM[0-9]{14}", _DATE, _DATE)


def read_results(path: Path, faults: list[Fault]) -> list[tuple[str, int, str, str]]:
    """(code, class, name, waits) of each row."""
    waits = "(symbol|household|superseded|expired|split|unknown)?"
    forms = ("[0-9A-Za-z-]{1,12}", f"[{''.join(sorted(_CLASSES))}]", ".+", waits)
    rows = _rows(path, ("code", "class", "name", "waits"), forms, faults, key=1)
    return [(code, int(number), name, waits) for code, number, name, waits in rows]


def read_permissions(path: Path, faults: list[Fault], *, as_of: date | None) -> list[tuple[str, str, str, str]]:
    """(department, affair, procedure, information) of each row that holds on that day, first and last day included.

    The two columns of days may be left out. None: a row with days does not hold; in doubt nothing is permitted.
    """
    rows = _rows(path, _PERMITTED, _PERMISSION, faults, key=len(_PERMITTED), optional=2)
    held = []
    for row in rows:
        try:
            first, last = [date.fromisoformat(day) if day else None for day in row[4:]] or [None, None]
        except ValueError:
            faults.append(Fault("CFG-008", Place(file=path.name, item="valid_from"), {"from": row[4], "to": row[5]}))
            continue
        if _holds(first, last, as_of):
            held.append((row[0], row[1], row[2], row[3]))
    return held


def _holds(first: date | None, last: date | None, day: date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


def read_provisions(path: Path, faults: list[Fault]) -> list[tuple[str, str, int, int, str]]:
    """(information, affair or `*`, persons to permit, persons to deny, department) of each row."""
    columns = ("info_name", "affair", "permit", "deny", "department", "note")
    forms = ("TM[0-9]{14}", r"JM[0-9]{14}|\*", "[12]", "[12]", "[0-9A-Za-z]{0,20}", ".*")
    rows = _rows(path, columns, forms, faults, key=2)
    return [(row[0], row[1], int(row[2]), int(row[3]), row[4]) for row in rows]


def read_reasons(path: Path, faults: list[Fault]) -> dict[str, str]:
    """「不提供理由」, 「不開示理由」 Code → name."""
    return {row[0]: row[1] for row in _rows(path, ("code", "name"), ("[0-9]{2}", ".+"), faults, key=1)}


def read_names(path: Path, faults: list[Fault], *, namespace: str) -> WireForm:
    """「電文名称表」 What the wire calls otherwise than we do. No two things of a kind may have one name there."""
    name = "[A-Za-z][0-9A-Za-z._-]{0,63}"
    forms = ("message|element|attribute|value|digits", f"{name}(=.+)?", f"{name}|.+", ".*")
    form = WireForm(namespace=namespace)
    kinds: dict[str, dict[str, str]] = {"message": {}, "element": {}, "attribute": {}, "value": {}, "digits": {}}
    rows = _rows(path, ("kind", "name", "wire", "note"), forms, faults, key=2)
    taken: set[tuple[str, str, str]] = set()
    for number, (kind, ours, theirs, _) in enumerate(rows, start=2):
        scope = (kind, ours.partition("=")[0] if kind == "value" else "", theirs)
        good = re.fullmatch("[1-9][0-9]?" if kind == "digits" else ".+" if kind == "value" else name, theirs)
        if not good or ("=" in ours) != (kind == "value") or (scope in taken and kind != "digits"):
            faults.append(Fault("CFG-008", Place(file=path.name, record=number, item="wire")))
            continue
        taken.add(scope)
        kinds[kind][ours] = theirs
    return replace(
        form,
        messages=kinds["message"],
        elements=kinds["element"],
        attributes=kinds["attribute"],
        values={(ours.partition("=")[0], ours.partition("=")[2]): theirs for ours, theirs in kinds["value"].items()},
        person_digits=int(kinds["digits"].get("PersonKey", form.person_digits)),
    )


def read_degrade(path: Path, faults: list[Fault]) -> dict[str, str]:
    """「縮退表」 Character, with its selector or mark if it has one, → substitute."""
    return {row[0]: row[1] for row in _rows(path, ("from", "to", "note"), (_CHARACTER, ".+", ".*"), faults, key=1)}


def read_calendar(path: Path, faults: list[Fault]) -> list[SpecialTime]:
    """「サービス暦」 Days and hours that differ from the weekly ones, by their beginning."""
    forms = ("holiday|maintenance|open", _DAY, _DAY, ".*")
    found = []
    for kind, begin, end, _note in _rows(path, ("kind", "from", "to", "note"), forms, faults, key=3):
        special = special_time(kind, begin, end)
        if special is None:
            faults.append(Fault("CFG-008", Place(file=path.name, item="to"), {"from": begin, "to": end}))
        else:
            found.append(special)
    return sorted(found, key=lambda special: special.begin)


def read_standards(
    files: ProfileFiles, faults: list[Fault]
) -> tuple[Mapping[tuple[str, str], DataStandard], DataStandard]:
    """Every layout by (TM code, version), and the elements of SKI-301 in the same form."""

    @cache
    def codes(name: str) -> frozenset[str] | None:
        path = files.path(f"codes/{name}.csv")
        return parse_code_list(_text(path), file=path.name) if path.is_file() else None

    def load(path: Path, info_name: str, version: str) -> DataStandard:
        try:
            return parse_standard(_text(path), file=path.name, info_name=info_name, version=version, code_lists=codes)
        except ConfigurationError as error:
            faults.extend(error.faults)
            return DataStandard(info_name=info_name, version=version, items=())

    paths = files.glob("layouts/*/v*.csv")
    standards = [load(path, path.parent.name, path.stem.removeprefix("v")) for path in paths]
    inquiry = load(files.path("messages/SKI-301.csv"), "SKI-301", "1")
    return {(each.info_name, each.version): each for each in standards}, inquiry


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None


def _rows(
    path: Path, columns: Sequence[str], forms: Sequence[str], faults: list[Fault], *, key: int, optional: int = 0
) -> list[list[str]]:
    """The rows whose cells have their forms and whose first `key` cells are new; the others are faults (CFG-008).

    The last `optional` columns may be left out, all together.
    """
    try:
        rows = list(csv.reader(_text(path).splitlines()))
    except ConfigurationError as error:
        faults.extend(error.faults)
        return []
    if rows and optional and rows[0] == list(columns[:-optional]):
        columns, forms = columns[:-optional], forms[:-optional]
    if not rows or rows[0] != list(columns):
        faults.append(Fault("CFG-008", Place(file=path.name, record=1), {"columns": ",".join(columns)}))
        return []
    good: list[list[str]] = []
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows[1:], start=2):
        wrong = _wrong_column(row, columns, forms) or (columns[0] if tuple(row[:key]) in seen else None)
        if wrong:
            faults.append(Fault("CFG-008", Place(file=path.name, record=number, item=wrong)))
            continue
        seen.add(tuple(row[:key]))
        good.append(row)
    return good


def _wrong_column(row: Sequence[str], columns: Sequence[str], forms: Sequence[str]) -> str | None:
    if len(row) != len(columns):
        return columns[0]
    cells = zip(columns, forms, row, strict=True)
    return next((column for column, form, cell in cells if not re.fullmatch(form, cell)), None)
