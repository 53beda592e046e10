"""mapping.csv → rows for the compiler."""

from __future__ import annotations

from kakehashi.config.reading import Reading
from kakehashi.config.tables_reader import Columns, Table, TableRow, read_table
from kakehashi.errors import InputError, Place
from kakehashi.mapping.table import ConverterCall, MappingRow, parse_converters, parse_sources

__all__ = ["MAPPING_COLUMNS", "read_converters", "read_mapping"]

MAPPING_COLUMNS = Columns(("target", "source"), ("converters", "table", "absent", "note"))


def read_mapping(reading: Reading, file: str, *, named_by: Place) -> tuple[MappingRow, ...] | None:
    """The rows; None when the table cannot be read. A faulty row stays, without its converters."""
    table = read_table(reading, file, MAPPING_COLUMNS, named_by=named_by)
    if table is None:
        return None
    rows = []
    for row in table.rows:
        sources, literal = parse_sources(row["source"])
        rows.append(
            MappingRow(
                target=row["target"],
                sources=sources,
                literal=literal,
                converters=read_converters(reading, table, row),
                table=row["table"] or None,
                absent=row["absent"] or None,
                note=row["note"],
                line=row.line,
            )
        )
    return tuple(rows)


def read_converters(reading: Reading, table: Table, row: TableRow) -> tuple[ConverterCall, ...]:
    """The pipe of the column `converters`; empty with CFG-008 when it cannot be read."""
    try:
        return parse_converters(row["converters"])
    except InputError as error:
        reading.faults.append(error.fault.at(file=table.file, record=row.line, item="converters"))
        return ()
