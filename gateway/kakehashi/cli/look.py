"""The options of decode that look into a file instead of printing its records."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from kakehashi.cli.context import Session
from kakehashi.cli.inspector import LayoutChoice, privacy_options
from kakehashi.cli.picture import RECORDS, show
from kakehashi.cli.stats import stats

__all__ = ["Look", "look_into", "look_options"]

_FIRST = range(1, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is wanted: some records, a page of them, or a profile of the file."""

    show: range | None
    html: Path | None
    stats: bool
    sensitive: tuple[str, ...]
    reveal: bool

    @property
    def wanted(self) -> bool:
        return self.stats or self.show is not None or self.html is not None


def look_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options; the function gets them as one `look`."""

    @functools.wraps(function)
    def run(
        *given: object, show: range | None, html: Path | None, stats: bool, sensitive: tuple[str, ...], reveal: bool,
        **rest: object,
    ) -> int:  # fmt: skip
        look = Look(show=show, html=html, stats=stats, sensitive=sensitive, reveal=reveal)
        if stats and (show is not None or html is not None):
            raise click.UsageError("--stats is about the whole file: without --show and --html.")
        if (sensitive or reveal) and not look.wanted:
            raise click.UsageError("--sensitive and --reveal belong to --show, --html and --stats.")
        return function(*given, look=look, **rest)

    wrapped = privacy_options(run)
    for option in (
        click.option("--stats", is_flag=True,
                     help="Profile the file: ranges, lengths, blanks, codes, unmapped characters, faults."),
        click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                     help="Write the picture as a page of its own; without --show of the first ten records."),
        click.option("--show", type=RECORDS, help="Picture of a record (or several): bytes, text, item, value, fault."),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def look_into(session: Session, choice: LayoutChoice, data: Path, look: Look) -> int:
    """Exit code 1 when what was looked at has faults."""
    if look.stats:
        return stats(session, choice, data)
    if look.html is not None and look.html.resolve() in {data.resolve(), choice.file.resolve()}:
        raise click.UsageError("--html would overwrite what it is made of.")
    return show(session, choice, data, look.show or _FIRST, html=look.html, reveal=look.reveal)
