"""What a command prints: tables for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

import click

from kakehashi.cli.words import word
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import ConfigurationError, Fault, KakehashiError

__all__ = ["Cell", "Output", "json_text", "language"]

_PROSE = frozenset({"meaning", "what_to_do", "fields", "reason"})
_WIDE = 220
"""Columns of a table that goes to a file or another program."""

_YES, _NO = {"en": "yes", "ja": "はい"}, {"en": "no", "ja": "いいえ"}
"""Not in the table of words: 「no」 there is the heading of numbers."""

Cell = str | int | datetime | None
Row = Mapping[str, object]


_encode = json.JSONEncoder(ensure_ascii=False).encode
_AT_ONCE = 500
"""Lines that are written together."""


def json_text(value: object) -> str:
    """JSON with exact numbers: a Decimal keeps its digits, a date is as precise as it was written."""
    match value:
        case str():
            return _encode(value)
        case int() if type(value) is int:
            return str(value)
        case Decimal():
            return format(value, "f")
        case HistoricDate():
            return _encode(value.iso())
        case datetime():
            return _encode(value.isoformat())
        case Mapping():
            return "{" + ", ".join([f"{_encode(str(key))}: {json_text(item)}" for key, item in value.items()]) + "}"
        case int() | float() | bool() | None:
            return _encode(value)
        case Iterable():
            return "[" + ", ".join([json_text(item) for item in value]) + "]"
        case _:
            raise TypeError(type(value).__name__)


def language(chosen: str | None) -> str:
    """`ja` or `en`: by option, else by the first of LC_ALL, LC_MESSAGES and LANG that says anything (POSIX)."""
    said = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return chosen or ("ja" if said.startswith("ja") else "en")


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's answer goes."""

    as_json: bool
    lang: str

    def rows(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """A table, or an object a row with the columns as keys."""
        if self.as_json:
            for row in rows:
                click.echo(json_text(dict(zip(columns, row, strict=True))))
            return
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # 40 ms that --version does not need
        from rich.console import Console  # noqa: PLC0415  # as above
        from rich.table import Table  # noqa: PLC0415  # as above

        table = Table(
            title=word(title, self.lang), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
        )
        for column in columns:
            table.add_column(self._heading(column), no_wrap=column not in _PROSE, overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else _cell(cell) for cell in row))
        Console(width=None if sys.stdout.isatty() else _WIDE).print(table)

    def object(self, values: Mapping[str, object]) -> None:
        """One thing with its properties. `done`: whether a command that wants --yes has done it."""
        if self.as_json:
            click.echo(json_text(values))
            return
        from rich.cells import cell_len  # noqa: PLC0415  # as in `rows`

        names = [self._heading(name) for name in values]
        width = max(map(cell_len, names), default=0)
        for name, value in zip(names, values.values(), strict=True):
            click.echo(f"{name}{' ' * (width - cell_len(name))}  {_value(value, self.lang)}")
        if values.get("done") is False:
            self.say("Nothing was done: --yes does it.")

    def _heading(self, name: str) -> str:
        return word(name.replace("_", " "), self.lang)

    def objects(self, values: Iterable[Row]) -> None:
        """One JSON object a line, for people and programs alike."""
        left = iter(values)
        while lines := [json_text(each) for each in islice(left, _AT_ONCE)]:
            click.echo("\n".join(lines))

    def faults(self, faults: Iterable[Fault]) -> None:
        """Faults with place and next step, on standard error for people."""
        for fault in faults:
            if self.as_json:
                place = fault.place
                click.echo(
                    json_text(
                        {
                            "code": fault.code,
                            "file": place.file,
                            "record": place.record,
                            "item": place.item,
                            "offset": place.offset,
                            "facts": fault.facts,
                            "text": fault.text(self.lang),
                        }
                    )
                )
            else:
                click.echo(fault.text(self.lang), err=True)

    def error(self, error: KakehashiError) -> None:
        self.faults(error.faults if isinstance(error, ConfigurationError) else [error.fault])

    def say(self, text: str) -> None:
        """A sentence for people, on standard error."""
        click.echo(word(text, self.lang), err=True)


def _value(value: object, lang: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _YES[lang] if value else _NO[lang]
        case Mapping():
            return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(map(_cell, value))
        case _:
            return _cell(value)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%m-%d %H:%M:%S")
    if isinstance(value, str):
        return value
    return json_text(value) if not isinstance(value, int) else f"{value:,}"
