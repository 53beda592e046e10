"""matching/variants.csv → the spellings that are compared as one."""

from __future__ import annotations

from kakehashi.config.reading import Reading
from kakehashi.config.tables_reader import Columns, read_table
from kakehashi.matching.spelling import Spelling

__all__ = ["VARIANT_COLUMNS", "read_spelling"]

VARIANT_COLUMNS = Columns(("character", "compared_as"), ("note",))
_FILE = "matching/variants.csv"


def read_spelling(reading: Reading) -> Spelling:
    """Without the table only widths and kana are brought together."""
    if not (reading.folder / _FILE).is_file():
        return Spelling()
    table = read_table(reading, _FILE, VARIANT_COLUMNS)
    if table is None:
        return Spelling()
    variants: dict[str, str] = {}
    for row in table.rows:
        one, other = row["character"], row["compared_as"]
        if len(one) != 1 or len(other) != 1:
            reading.fault("CFG-008", table.place(row, "character"), expected="one character each")
        elif variants.setdefault(one, other) != other:
            reading.fault("CFG-008", table.place(row, "character"), expected="one row a character")
    return Spelling(variants)
