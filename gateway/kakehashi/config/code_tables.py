"""tables/NAME.csv → code tables; every row has its time."""

from __future__ import annotations

from datetime import date

from kakehashi.config.reading import Reading
from kakehashi.config.tables_reader import Columns, Table, TableRow, read_table
from kakehashi.errors import Place
from kakehashi.mapping.code_table import CodeRow, CodeTable

__all__ = ["CODE_TABLE_COLUMNS", "day_of", "read_code_tables"]

CODE_TABLE_COLUMNS = Columns(("source", "target"), ("valid_from", "valid_to", "note"))


def read_code_tables(reading: Reading) -> dict[str, CodeTable]:
    """Every table of the folder `tables`, by its file's name without suffix."""
    tables: dict[str, CodeTable] = {}
    for path in sorted((reading.folder / "tables").glob("*")):
        if path.suffix.lower() not in {".csv", ".xlsx"}:
            continue
        file = f"tables/{path.name}"
        if path.stem in tables:
            reading.fault("CFG-008", Place(file=file), name=path.stem, expected="one file a table")
            continue
        table = read_table(reading, file, CODE_TABLE_COLUMNS)
        tables[path.stem] = CodeTable(path.stem, tuple(_code_rows(reading, table)) if table else (), file)
    return tables


def _code_rows(reading: Reading, table: Table) -> list[CodeRow]:
    rows: list[CodeRow] = []
    for row in table.rows:
        before = len(reading.faults)
        code = CodeRow(
            source=row["source"],
            target=row["target"],
            valid_from=day_of(reading, table, row, "valid_from"),
            valid_to=day_of(reading, table, row, "valid_to"),
            line=row.line,
        )
        if len(reading.faults) > before:
            continue
        if not code.source:
            reading.fault("CFG-008", table.place(row, "source"), expected="a code")
        elif code.valid_from and code.valid_to and code.valid_to < code.valid_from:
            reading.fault("CFG-008", table.place(row, "valid_to"), expected="not before valid_from")
        elif other := next((other for other in rows if other.meets(code)), None):
            reading.fault(
                "CFG-008", table.place(row, "source"), first_line=other.line, expected="one row a code and day"
            )
        else:
            rows.append(code)
    return rows


def day_of(reading: Reading, table: Table, row: TableRow, column: str) -> date | None:
    """The day in a cell; None for an empty cell, and for a wrong one with its fault."""
    text = row[column]
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        reading.fault("CFG-008", table.place(row, column), expected="yyyy-mm-dd")
        return None
