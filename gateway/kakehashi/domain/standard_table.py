"""「データ標準レイアウト表」 The table form of a data standard: one row an item, every fault of the table at once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from kakehashi.domain.data_standard import DataStandard, StandardItem, StandardType
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["COLUMNS", "CodeLists", "parse_code_list", "parse_standard"]

COLUMNS = ("code", "name", "type", "digits", "decimals", "occurs", "required", "codes", "absence")
MOST_NUMERIC_DIGITS = 11
"""A bare run of twelve digits cannot be told from a 個人番号, so no numeric item may hold one."""

CodeLists: TypeAlias = Callable[[str], "frozenset[str] | None"]
"""Name of a code list → its codes; None when there is no such list."""

_ITEM = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_COUNT = re.compile(r"[0-9]{1,4}")
_REASON = re.compile(r"[0-9A-Z]{1,2}")
_NUMERIC = {StandardType.INTEGER, StandardType.DECIMAL}


def parse_code_list(text: str, *, file: str) -> frozenset[str]:
    """「コード表」 The codes of a list with the columns code and name. Raises ConfigurationError (CFG-008)."""
    rows = list(csv.reader(text.splitlines()))
    if not rows or rows[0] != ["code", "name"]:
        raise ConfigurationError([Fault("CFG-008", Place(file=file, record=1), {"columns": "code,name"})])
    codes: set[str] = set()
    faults: list[Fault] = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not re.fullmatch(r"[0-9A-Za-z]{1,11}", row[0]) or row[0] in codes:
            faults.append(Fault("CFG-008", Place(file=file, record=number, item="code")))
        codes.add(row[0] if row else "")
    if faults:
        raise ConfigurationError(faults)
    return frozenset(codes)


def parse_standard(text: str, *, file: str, info_name: str, version: str, code_lists: CodeLists) -> DataStandard:
    """Read a table. Rows count from 1 (the header). Raises ConfigurationError with every fault (CFG-008)."""
    rows = list(csv.reader(text.splitlines()))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ConfigurationError([Fault("CFG-008", Place(file=file, record=1), {"columns": ",".join(COLUMNS)})])
    items: list[StandardItem] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, row in enumerate(rows[1:], start=2):
        wrong = list(_wrong_columns(row, code_lists, seen))
        faults += [Fault("CFG-008", Place(file=file, record=number, item=column), facts) for column, facts in wrong]
        if row:
            seen.add(row[0])
        if not wrong:
            items.append(_item(dict(zip(COLUMNS, row, strict=True)), code_lists))
    if not items and not faults:
        faults.append(Fault("CFG-008", Place(file=file, record=1), {"expected": "at least one item"}))
    if faults:
        raise ConfigurationError(faults)
    return DataStandard(info_name=info_name, version=version, items=tuple(items))


def _wrong_columns(
    row: Sequence[str], code_lists: CodeLists, seen: set[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    if len(row) != len(COLUMNS):
        yield "code", {"expected": f"{len(COLUMNS)} columns"}
        return
    cells = dict(zip(COLUMNS, row, strict=True))
    if not _ITEM.fullmatch(cells["code"]) or cells["code"] in seen:
        yield "code", {"expected": "a name of its own, letters and digits"}
    if not cells["name"].strip():
        yield "name", {"expected": "the item's name"}
    if cells["required"] not in {"yes", "no"}:
        yield "required", {"expected": "yes or no"}
    if any(not _REASON.fullmatch(reason) for reason in cells["absence"].split()):
        yield "absence", {"expected": "reasons separated by spaces"}
    yield from _wrong_sizes(cells)
    yield from _wrong_type(cells, code_lists)


def _wrong_sizes(cells: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for column, least in (("digits", 1), ("decimals", 0), ("occurs", 1)):
        if not _COUNT.fullmatch(cells[column]) or int(cells[column]) < least:
            yield column, {"expected": f"a number from {least}"}
            return
    digits, decimals = int(cells["digits"]), int(cells["decimals"])
    if cells["type"] in _NUMERIC and digits > MOST_NUMERIC_DIGITS:
        yield "digits", {"expected": f"at most {MOST_NUMERIC_DIGITS}"}
    if cells["type"] == StandardType.DIGITS and digits == MOST_NUMERIC_DIGITS + 1:
        yield "digits", {"expected": "not the length of an individual number"}
    if decimals >= digits or (decimals > 0) != (cells["type"] == StandardType.DECIMAL):
        yield "decimals", {"expected": "fewer than digits, and only for decimal"}


def _wrong_type(cells: Mapping[str, str], code_lists: CodeLists) -> Iterator[tuple[str, Mapping[str, str]]]:
    if cells["type"] not in set(StandardType):
        yield "type", {"expected": ", ".join(StandardType)}
        return
    if (cells["type"] == StandardType.CODE) != bool(cells["codes"]):
        yield "codes", {"expected": "a code list for type code, and only there"}
        return
    if cells["codes"]:
        codes = code_lists(cells["codes"])
        if codes is None:
            yield "codes", {"unknown": cells["codes"]}
        elif cells["digits"].isdecimal() and any(len(code) > int(cells["digits"]) for code in codes):
            yield "digits", {"expected": "room for every code of the list"}


def _item(cells: Mapping[str, str], code_lists: CodeLists) -> StandardItem:
    return StandardItem(
        code=cells["code"],
        name=cells["name"],
        type=StandardType(cells["type"]),
        digits=int(cells["digits"]),
        decimals=int(cells["decimals"]),
        occurs=int(cells["occurs"]),
        required=cells["required"] == "yes",
        codes=code_lists(cells["codes"]) if cells["codes"] else None,
        code_list=cells["codes"],
        absence=frozenset(cells["absence"].split()),
    )
