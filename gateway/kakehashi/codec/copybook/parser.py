"""From the text of a copybook to its tree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kakehashi.codec.copybook.building import build_records
from kakehashi.codec.copybook.clause import Entry, read_condition, read_entry, read_renames
from kakehashi.codec.copybook.library import Library
from kakehashi.codec.copybook.problem import Position, problem
from kakehashi.codec.copybook.storage import Compiler
from kakehashi.codec.copybook.token import Cursor
from kakehashi.codec.copybook.tree import Copybook, Dialect, Renames

__all__ = ["parse_copybook"]

_HEADERS = frozenset((
    "DATA", "FILE", "WORKING-STORAGE", "LINKAGE", "LOCAL-STORAGE", "FD", "SD", "IDENTIFICATION", "ID", "PROGRAM-ID",
))  # fmt: skip
_LEVELS = frozenset((*range(1, 50), 66, 77, 88))


def parse_copybook(
    text: str,
    *,
    dialect: str = "ibm",
    folder: Path | None = None,
    replacing: Mapping[str, str] | None = None,
    columns: tuple[int, int] | None = None,
    fewest: bool = False,
) -> Copybook:
    """The tree of the text. COPY takes members from `folder` alone; `replacing` is applied to everything.

    `columns`: the first and the last that hold text, from 1, where they are not those of fixed or free form.
    `fewest`: see `Compiler`.

    Raises ConfigurationError CFG-013 with line, column and what was expected; nothing else, whatever the text.
    """
    kind = next((known for known in Dialect if known == dialect.lower()), None)
    if kind is None:
        raise problem(Position(1, 1), expected="a dialect: " + " ".join(Dialect), found=dialect)
    tokens, end = Library(folder, columns).tokens(text, replacing=replacing or {})
    entries, renames = _entries(Cursor(tokens, end))
    if not entries:
        raise problem(end, expected="a data description entry", found="end of text")
    return Copybook(
        dialect=kind, records=build_records(entries, compiler=Compiler(kind, fewest)), renames=tuple(renames)
    )


def _entries(cursor: Cursor) -> tuple[list[Entry], list[Renames]]:
    """Top entries with everything below them."""
    top: list[Entry] = []
    renames: list[Renames] = []
    path: list[Entry] = []
    while cursor.more and cursor.word != "PROCEDURE":
        if cursor.accept("."):
            continue
        if cursor.word in _HEADERS:
            while cursor.more and not cursor.accept("."):
                cursor.index += 1
            continue
        if cursor.accept("EXEC"):
            _pass_over_sql(cursor)
            continue
        at = cursor.tokens[cursor.index].at
        match _level(cursor):
            case 88:
                if not path:
                    raise problem(at, expected="an item that the condition belongs to")
                path[-1].conditions.append(read_condition(cursor))
            case 66:
                renames.append(read_renames(cursor))
            case level:
                _place(read_entry(cursor, level=level, at=at), top, path)
    return top, renames


def _pass_over_sql(cursor: Cursor) -> None:
    """What a precompiler declares beside the record of a table. INCLUDE would bring in items: it must be a COPY."""
    if not cursor.accept("SQL") or cursor.word == "INCLUDE":
        raise cursor.fail("SQL other than INCLUDE; COPY takes a member")
    while not cursor.accept("END-EXEC"):
        if not cursor.more:
            raise cursor.fail("END-EXEC")
        cursor.index += 1


def _level(cursor: Cursor) -> int:
    word = cursor.word
    if not (len(word) <= 2 and word.isascii() and word.isdigit() and int(word) in _LEVELS):
        raise cursor.fail("a level number: 01 to 49, 66, 77 or 88")
    cursor.index += 1
    return int(word)


def _place(entry: Entry, top: list[Entry], path: list[Entry]) -> None:
    """Below the last entry with a smaller level."""
    while path and (path[-1].level >= entry.level or entry.level == 77):
        path.pop()
    if path:
        if path[-1].level == 77 or path[-1].picture is not None:
            raise problem(entry.at, expected="no item below one with a picture", found=f"level {entry.level:02}")
        path[-1].children.append(entry)
    else:
        top.append(entry)
    path.append(entry)
