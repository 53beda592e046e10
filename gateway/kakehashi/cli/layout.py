"""layout: what a copybook says about its records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook_source import SOURCE_OPTIONS, read_copybook, source_settings
from kakehashi.codec.copybook.explain import explain as rows_of

__all__ = ["layout"]

_COLUMNS = ("level", "name", "pic", "usage", "offset", "end", "length", "occurs", "depends_on", "redefines")


@click.group()
def layout() -> None:
    """Layouts: copybooks."""


def _source_options(function: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(SOURCE_OPTIONS):
        function = option(function)
    return function


@command(layout, "explain")
@_source_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def explain(session: Session, file: Path, **source: object) -> int:
    """Every item with its bytes: offset from 1, length of one occurrence, tables at their maximum."""
    copybook = read_copybook(file, source_settings(source))
    rows = []
    for row in rows_of(copybook):
        indent = "" if session.output.as_json else "  " * row.depth
        rows.append((row.level, indent + row.name, *row[3:]))
    session.output.rows(f"{file.name}: {copybook.length} bytes", _COLUMNS, rows)
    return 0
