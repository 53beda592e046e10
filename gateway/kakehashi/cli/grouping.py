"""match group: record matching, the extracts of systems that share no number into persons."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.config.model import Route
from kakehashi.pipeline.grouping import Grouping
from kakehashi.pipeline.standing import Found
from kakehashi.runtime.grouping import PILE, read_extract
from kakehashi.runtime.scratch import FileScratch

__all__ = ["group"]


@command(name="group")
@click.argument("extracts", nargs=-1, required=True, metavar="ROUTE=FILE…")
@click.option("--dry-run", is_flag=True, help="Count only: no link, no number, no question.")
def group(session: Session, extracts: tuple[str, ...], dry_run: bool) -> int:
    """Record matching (class ③): who agrees in all four attributes, and can be nobody else, gets one unified number.

    Who agrees in three is asked about (`match review`, `match decide`). Name the registry's extract first: others are
    asked about against it. Whole extracts only; run it again after deciding, and with every new set of extracts.
    Exit code 1 where somebody is asked about, or a record cannot be read.
    """
    parts = [_extract(session, text) for text in extracts]
    folder = Path(session.configuration.gateway.folders.spool)
    folder.mkdir(parents=True, exist_ok=True)
    piles = 1 + sum(path.stat().st_size for _, path in parts) // PILE
    with closing(FileScratch(folder)) as scratch:
        grouping = Grouping(
            links=session.links, sealer=session.sealer, scratch=scratch, now=session.clock.now(),
            piles=min(piles, 1000), dry=dry_run,
        )  # fmt: skip
        faults = 0
        for route, path in parts:
            for fault in read_extract(grouping, route, path):
                session.output.faults([fault])
                faults += 1
                if fault.place.record is None:
                    session.output.say("Nothing was matched.")
                    return FAULTS
        found = grouping.work()
    _told(session, found)
    return FAULTS if faults or found.questions or found.conflicts or found.repeated else 0


def _extract(session: Session, text: str) -> tuple[Route, Path]:
    name, _, file = text.partition("=")
    routes = session.configuration.routes
    if name not in routes or not Path(file).is_file():
        raise click.UsageError("Name each extract as ROUTE=FILE, of a route and a file that are there.")
    link = routes[name].link
    if link is None or link.attributes is None or link.prefix is None:
        raise click.UsageError(
            f"{name} cannot be matched: it needs the four attributes, and [links] mode link-only or full."
        )
    return routes[name], Path(file)


def _told(session: Session, found: Found) -> None:
    session.output.rows(
        "Matched",
        ("system", "records", "before", "frozen", "linked", "alone", "asked", "waiting"),
        [
            (each.system, each.records, each.before, each.frozen, each.linked, each.alone, each.asked, each.waiting)
            for each in found.systems.values()
        ],
    )
    session.output.object(
        {
            "persons": found.persons,
            "questions": found.questions,
            "merges": found.merges,
            "conflicts": found.conflicts,
            "common": found.common,
            "repeated": found.repeated,
        }
    )
