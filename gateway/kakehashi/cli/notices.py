"""notices: which system was told what of its persons, who is behind and how long, and a file written again."""

from __future__ import annotations

import getpass

import click

from kakehashi.cli.context import FAULTS, Session, command, is_row_number
from kakehashi.cli.link import masked
from kakehashi.domain.link import Note

__all__ = ["notices"]

_DIGITS = 15


@click.group()
def notices() -> None:
    """What systems are told of the persons for whom their numbers stand."""


@command(notices, "status")
def status(session: Session) -> int:
    """Every system that is told: what waits, in folder or store, and since when. Exit code 1 while one is behind."""
    settings, now = session.configuration.gateway.alarms, session.clock.now()
    rows = []
    late = False
    for each in session.links.behind(list(session.configuration.subscriptions)):
        minutes = int((now - each.oldest).total_seconds() // 60) if each.oldest else 0
        late = late or minutes >= settings.notices_behind_minutes
        last = next((line for line in session.links.notice_lines(each.system, most=10) if line.written_at), None)
        rows.append(
            (
                each.system,
                "yes" if each.system in session.configuration.subscriptions else "no",
                each.pending,
                each.waiting,
                each.void,
                each.unwritten,
                each.untaken,
                each.oldest,
                minutes,
                last.written_at if last else None,
            )
        )
    columns = ("system", "subscribed", "pending", "waiting", "void", "unwritten", "untaken", "oldest", "minutes_behind",
               "last_written")  # fmt: skip
    session.output.rows("Notices", columns, rows)
    return FAULTS if late else 0


@command(notices, "files")
@click.argument("system")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
def files(session: Session, system: str, most: int) -> int:
    """The files of a system, newest first: how many notices, when made, written and taken, who had it written again."""
    session.output.rows(
        "Files",
        ("serial", "records", "made", "written", "taken", "by", "reason"),
        [
            (
                line.serial,
                line.records,
                line.made_at,
                line.written_at,
                line.taken_at,
                line.note.actor if line.note else None,
                line.note.reason if line.note else None,
            )
            for line in session.links.notice_lines(system, most=most)
        ],
    )
    return 0


@command(notices, "show")
@click.argument("system")
@click.argument("atena")
@click.option("--reason", required=True, help="Why; kept with your name.")
def show(session: Session, system: str, atena: str, reason: str) -> int:
    """What a system was to be told under one of its numbers, in order, and in which file it is. Never an address."""
    if not (is_row_number(atena) and len(atena) <= _DIGITS):
        raise click.UsageError("A number has 1 to 15 digits.")
    number, now = atena.zfill(_DIGITS), session.clock.now()
    numbers = session.configuration.gateway.links.numbers.get(system, system)
    session.links.looked(numbers, number, note=Note(getpass.getuser(), reason), now=now)
    session.output.rows(
        "Notices",
        ("notice", "unified", "what", "since", "recorded", "disclosure", "serial", "written", "taken"),
        [
            (
                row.no,
                masked(row.unified),
                row.event,
                row.since.isoformat() if row.since else None,
                row.recorded_at,
                row.disclosure,
                line.serial if line else None,
                line.written_at if line else None,
                line.taken_at if line else None,
            )
            for row, line in session.links.persons_notices(system, number)
        ],
    )
    return 0


@command(notices, "retry")
@click.argument("system")
@click.argument("serial", type=click.IntRange(1, 10**12))
@click.option("--reason", required=True, help="Why; kept with your name.")
def retry(session: Session, system: str, serial: int, reason: str) -> int:
    """Have a file written again under its name, before any new one, as long as its contents are kept."""
    if not session.links.write_again(system, serial, note=Note(getpass.getuser(), reason)):
        session.output.say("There is no written file of that serial, or its contents are kept no longer.")
        return FAULTS
    session.output.object({"system": system, "serial": serial, "written": "again"})
    return 0
