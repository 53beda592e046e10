"""layout: what a copybook says about its records."""

from __future__ import annotations

from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook import read_copybook
from kakehashi.codec.copybook.explain import explain as rows_of
from kakehashi.codec.copybook.tree import Dialect

__all__ = ["layout"]

_COLUMNS = ("level", "name", "pic", "usage", "offset", "end", "length", "occurs", "depends_on", "redefines")


@click.group()
def layout() -> None:
    """Layouts: copybooks."""


@command(layout, "explain")
@click.option("--dialect", type=click.Choice([str(each) for each in Dialect]), default="ibm", show_default=True)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def explain(session: Session, dialect: str, file: Path) -> int:
    """Every item with its bytes: offset from 1, length of one occurrence, tables at their maximum."""
    copybook = read_copybook(file, dialect)
    rows = []
    for row in rows_of(copybook):
        indent = "" if session.output.as_json else "  " * row.depth
        rows.append((row.level, indent + row.name, *row[3:]))
    session.output.rows(f"{file.name}: {copybook.length} bytes", _COLUMNS, rows)
    return 0
