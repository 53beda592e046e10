"""The options that say what the bytes of a file mean: --encoding, --gaiji, --as-of."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click

from kakehashi.cli.context import Session
from kakehashi.codec.code_table import CodeTable
from kakehashi.config.gaiji_tables import read_gaiji_files

__all__ = ["Characters", "as_of_option", "character_options"]

_FALLBACK = "cp932"


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """`encoding`: None: what the layout, its route's system or else CP932 says. `gaiji` comes before the system's."""

    encoding: str | None
    gaiji: tuple[CodeTable, ...]
    as_of: date

    @property
    def charset(self) -> str:
        """For layouts that name none and belong to no system."""
        return self.encoding or _FALLBACK


def _day(context: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:  # noqa: ARG001  # click's
    return value.date() if value else None


def as_of_option(*, otherwise: str = "today") -> Callable[[Callable[..., int]], Callable[..., int]]:
    """--as-of; `otherwise` tells what holds without it."""
    return click.option(
        "--as-of", type=click.DateTime(["%Y-%m-%d"]), callback=_day, metavar="DATE",
        help=f"The day whose rows of the tables hold; else {otherwise}.",
    )  # fmt: skip


def character_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options; the function gets them as one `characters`."""

    @functools.wraps(function)
    def run(
        session: Session, *, encoding: str | None, gaiji: tuple[Path, ...], as_of: date | None, **rest: object
    ) -> int:
        day = as_of or session.clock.now().date()
        tables = read_gaiji_files(gaiji, charset=encoding or "", as_of=day)
        return function(session, characters=Characters(encoding=encoding, gaiji=tables, as_of=day), **rest)

    wrapped: Callable[..., int] = run
    for option in (
        as_of_option(),
        click.option("--gaiji", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
                     metavar="FILE", help="Table of gaiji (.csv, .xlsx, .json) of the charset of --encoding; several: "
                     "the later one comes first."),
        click.option("--encoding", help="Charset, where the layout names none; else its system's, or CP932."),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped
