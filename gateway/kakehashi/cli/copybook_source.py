"""The options that say how a copybook itself is read, and the copybook in a file."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from kakehashi.codec.copybook.library import decoded
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.tree import Copybook, Dialect
from kakehashi.errors import ConfigurationError

__all__ = ["SOURCE_OPTIONS", "SourceSettings", "is_copybook", "read_copybook", "source_options", "source_settings"]

_SUFFIXES = {".cpy", ".cob", ".cbl", ".copy"}
_COLUMNS = re.compile(r"([1-9]\d{0,2})-([1-9]\d{0,2})")
SOURCE_OPTIONS = (
    click.option("--dialect", type=click.Choice([str(each) for each in Dialect]), default="ibm", show_default=True,
                 help="Copybook: compiler."),
    click.option("--columns", metavar="FIRST-LAST", help="Copybook: where its text stands, if not in 8-72."),
    click.option("--long-binary", type=click.Choice(["16", "fewest"]), default="16", show_default=True,
                 help="Copybook: bytes of a binary item of more than 18 digits."),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """See `parse_copybook`."""

    dialect: str
    columns: tuple[int, int] | None
    fewest: bool


def source_settings(given: dict[str, object]) -> SourceSettings:
    """Takes the values of SOURCE_OPTIONS out of `given`. Raises BadParameter."""
    dialect, columns, long_binary = (given.pop(name) for name in ("dialect", "columns", "long_binary"))
    found = None if columns is None else _COLUMNS.fullmatch(str(columns))
    if columns is not None and found is None:
        raise click.BadParameter("FIRST-LAST", param_hint="--columns")
    return SourceSettings(
        dialect=str(dialect),
        columns=None if found is None else (int(found[1]), int(found[2])),
        fewest=long_binary == "fewest",
    )


def source_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds SOURCE_OPTIONS; the function gets them as one `copybook`."""

    @functools.wraps(function)
    def run(*given: object, **rest: object) -> int:
        return function(*given, copybook=source_settings(rest), **rest)

    wrapped: Callable[..., int] = run
    for option in reversed(SOURCE_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def is_copybook(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES


def read_copybook(path: Path, source: SourceSettings) -> Copybook:
    """The copybook in a file; COPY takes members from its folder. Faults name the file."""
    try:
        return parse_copybook(
            decoded(path.read_bytes()),
            dialect=source.dialect,
            folder=path.parent,
            columns=source.columns,
            fewest=source.fewest,
        )
    except ConfigurationError as error:
        raise ConfigurationError(fault.at(file=fault.place.file or path.name) for fault in error.faults) from None
