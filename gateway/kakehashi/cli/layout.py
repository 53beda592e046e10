"""layout: what a copybook says about its records."""

from __future__ import annotations

from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook_source import SourceSettings, read_copybook, source_options
from kakehashi.codec.copybook.explain import explain as rows_of

__all__ = ["layout"]

_COLUMNS = ("level", "name", "pic", "usage", "offset", "end", "length", "occurs", "depends_on", "redefines")


@click.group()
def layout() -> None:
    """Layouts: copybooks."""


@command(layout, "explain")
@source_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def explain(session: Session, file: Path, copybook: SourceSettings) -> int:
    """Every item with its bytes: offset from 1, length of one occurrence, tables at their maximum."""
    book = read_copybook(file, copybook)
    rows = []
    for row in rows_of(book):
        indent = "" if session.output.as_json else "  " * row.depth
        rows.append((row.level, indent + row.name, *row[3:]))
    session.output.rows(f"{file.name}: {book.length} bytes", _COLUMNS, rows)
    return 0
