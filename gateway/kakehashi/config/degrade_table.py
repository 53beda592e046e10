"""「縮退表」 Of a system: what stands in its results for characters that its charset lacks; every row has its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.codec.cluster import width_units
from kakehashi.codec.code_table import CodeTable
from kakehashi.config.code_tables import day_of
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import SystemSettings
from kakehashi.config.tables_reader import Columns, Table, TableRow, read_table
from kakehashi.domain.character import code_points
from kakehashi.errors import ConfigurationError, InputError, Place

__all__ = ["DEGRADE_COLUMNS", "read_degrade", "read_substitutes"]

DEGRADE_COLUMNS = Columns(("from", "to"), ("valid_from", "valid_to", "note"))


def read_degrade(
    reading: Reading, system: SystemSettings, gaiji: tuple[CodeTable, ...], *, as_of: date | None
) -> Mapping[str, str]:
    """Character → substitute on a day (None: the row that holds longest). Wrong rows are left out with CFG-008."""
    if not system.degrade:
        return {}
    folder = f"systems/{system.name}"
    at = Place(file=f"{folder}/system.toml", item="degrade")
    table = read_table(reading, f"{folder}/{system.degrade}", DEGRADE_COLUMNS, named_by=at)
    return _substitutes(reading, table, system.charset, gaiji, as_of) if table else {}


def read_substitutes(
    path: Path | None, *, charset: str, gaiji: tuple[CodeTable, ...], as_of: date | None
) -> Mapping[str, str]:
    """The table of a file, for a charset. Raises ConfigurationError with every fault."""
    if path is None:
        return {}
    reading = Reading(path.parent)
    table = read_table(reading, path.name, DEGRADE_COLUMNS)
    found = _substitutes(reading, table, charset, gaiji, as_of) if table else {}
    if reading.faults:
        raise ConfigurationError(reading.faults)
    return found


def _substitutes(
    reading: Reading, table: Table, charset: str, gaiji: tuple[CodeTable, ...], as_of: date | None
) -> Mapping[str, str]:
    rows: list[tuple[date, date, TableRow]] = []
    for row in table.rows:
        begins = day_of(reading, table, row, "valid_from") or date.min
        ends = day_of(reading, table, row, "valid_to") or date.max
        other = next((o for b, e, o in rows if o["from"] == row["from"] and b <= ends and begins <= e), None)
        if len(width_units(row["from"])) != 1:
            reading.fault("CFG-008", table.place(row, "from"), expected="one character")
        elif not _is_writable(row["to"], charset, gaiji):
            reading.fault(
                "CFG-008", table.place(row, "to"), found=code_points(row["to"]), expected=f"what {charset} has"
            )
        elif other is not None:
            reading.fault("CFG-008", table.place(row, "from"), first_line=other.line, expected="one row a day")
        else:
            rows.append((begins, ends, row))
    holding = [(ends, row) for begins, ends, row in rows if as_of is None or begins <= as_of <= ends]
    return {row["from"]: row["to"] for _, row in sorted(holding, key=lambda each: each[0])}


def _is_writable(text: str, charset: str, gaiji: tuple[CodeTable, ...]) -> bool:
    if charset.lower() not in CHARSETS:
        return True  # told where the charset stands
    try:
        return bool(charset_named(charset, gaiji).encode(text))
    except InputError:
        return False
