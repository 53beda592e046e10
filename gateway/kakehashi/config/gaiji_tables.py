"""「外字表」 systems/SYSTEM/*.csv|json|xlsx → tables of codes, keyed by system and code; every row has its time.

The same code means another character in another system, so a table belongs to the system whose system.toml names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.codec.charset_name import family_of
from kakehashi.codec.code_table import CodeTable, build_table, json_rows
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import SystemSettings
from kakehashi.config.tables_reader import Columns, read_table
from kakehashi.errors import ConfigurationError, Place
from kakehashi.mapping.converters import close_names

__all__ = ["GAIJI_COLUMNS", "read_gaiji", "read_gaiji_files"]

GAIJI_COLUMNS = Columns(("code", "unicode"), ("sp", "hd", "aj1", "ivs", "valid_from", "valid_to", "options", "note"))


def read_gaiji(reading: Reading, system: SystemSettings, *, as_of: date | None) -> tuple[CodeTable, ...]:
    """The tables of a system as they hold on a day; those that are wrong are left out, with their faults."""
    file = f"systems/{system.name}/system.toml"
    found = []
    for index, settings in enumerate(system.gaiji, start=1):
        named = f"gaiji[{index}]"
        charset = settings.charset or system.charset
        if charset.lower() not in CHARSETS:
            reading.fault("CFG-006", Place(file=file, item=f"{named}.charset"), name=charset,
                          **close_names(charset.lower(), CHARSETS))  # fmt: skip
            continue
        at = Place(file=file, item=f"{named}.file")
        table = _table(reading, f"systems/{system.name}/{settings.file}", charset=charset,
                                 selector=settings.selector, as_of=as_of, named_by=at)  # fmt: skip
        found += [table] if table else []
    return tuple(found)


def read_gaiji_files(paths: Sequence[Path], *, charset: str, as_of: date | None) -> tuple[CodeTable, ...]:
    """Tables from anywhere; without a charset they are for any. Raises ConfigurationError with the faults of all."""
    found, faults = [], []
    for path in paths:
        reading = Reading(path.parent)
        table = _table(reading, path.name, charset=charset, selector="hd", as_of=as_of)
        found += [table] if table else []
        faults += reading.faults
    if faults:
        raise ConfigurationError(faults)
    return tuple(found)


def _table(
    reading: Reading, file: str, *, charset: str, selector: str, as_of: date | None, named_by: Place | None = None
) -> CodeTable | None:
    """One table; None with every fault of it."""
    try:
        rows = _rows(reading, file, named_by)
        if rows is None:
            return None
        table = build_table(
            file.rpartition("/")[2],
            rows,
            file=file.rpartition("/")[2],
            selector=selector,
            on=as_of,
            strict=True,
            charset=family_of(charset) if charset else "",
        )
        if charset:
            charset_named(charset, (table,))
    except ConfigurationError as error:
        reading.take(error, file=file)
        return None
    return table


def _rows(reading: Reading, file: str, named_by: Place | None) -> Iterable[tuple[int, Mapping[str, object]]] | None:
    if not file.lower().endswith(".json"):
        table = read_table(reading, file, GAIJI_COLUMNS, named_by=named_by)
        return None if table is None else [(row.line, row.cells) for row in table.rows]
    raw = reading.content(file, named_by=named_by)
    if raw is None:
        return None
    try:
        rows: Sequence[Mapping[str, object]] = json_rows(raw.decode("utf-8-sig"), file=file.rpartition("/")[2])
    except UnicodeDecodeError as error:
        reading.fault("CFG-008", Place(file=file, offset=error.start), expected="UTF-8")
        return None
    return list(enumerate(rows, start=1))
