"""match: what a person has to decide about, and whether systems and registry still describe the same persons."""

from __future__ import annotations

import getpass

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.grouping import group
from kakehashi.cli.link import masked
from kakehashi.cli.merge import merge, merges, unmerge
from kakehashi.domain.batch import RecordState, content_id
from kakehashi.domain.link import Note
from kakehashi.pipeline.rematch import rematch
from kakehashi.pipeline.standing import carry_out
from kakehashi.ports.matches import Review

__all__ = ["match"]

_CODE = "IDN-007"


@click.group()
def match() -> None:
    """The four attributes: 4 agree, linked; 3 agree, a person decides; fewer, refused."""


for _each in (group, merge, unmerge, merges):
    match.add_command(_each)


@command(match, "review")
@click.option("--all", "everything", is_flag=True, help="Decided ones too.")
@click.option("--most", default=1000, show_default=True, help="At most so many, oldest first.")
@click.option("--reveal", is_flag=True, help="Whole numbers.")
@click.option("--reason", help="Why; kept with your name.")
def review(session: Session, everything: bool, most: int, reveal: bool, reason: str | None) -> int:
    """Claims that wait for a decision: which attribute differs, and which record to look at. Exit code 1 while any."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs a --reason.")
    rows = session.links.reviews(undecided=not everything, most=most)
    for row in rows if reveal else ():
        note = Note(getpass.getuser(), reason or "")
        session.links.looked(row.what.system, row.what.atena, note=note, now=session.clock.now())
    session.output.rows(
        "Claims",
        (
            "id",
            "system",
            "atena",
            "numbers",
            "claimed",
            "differs",
            "record",
            "exception",
            "since",
            "decision",
            "by",
            "reason",
        ),
        [
            (
                f"M{row.id}",
                row.what.system,
                masked(row.what.atena, reveal=reveal),
                len(row.what.members) or None,
                masked(row.what.unified, reveal=reveal),
                " ".join(row.what.differ),
                row.what.record_no,
                _exception(session, row),
                row.recorded_at,
                row.decision,
                row.note.actor if row.note else None,
                row.note.reason if row.note else None,
            )
            for row in rows
        ],
    )
    return FAULTS if any(row.decision is None for row in rows) else 0


def _exception(session: Session, row: Review) -> str | None:
    found = _waiting(session, row)
    return f"E{found}" if found is not None else None


def _waiting(session: Session, row: Review) -> int | None:
    """The record that waits for this decision; a drifting link has none."""
    if row.what.batch_id is None:
        return None
    return next(
        (
            exception.id
            for exception in session.store.exceptions_of(row.what.batch_id)
            if exception.record_no == row.what.record_no
            and exception.code == _CODE
            and exception.state is RecordState.PARKED
        ),
        None,
    )


@command(match, "decide")
@click.argument("identifier")
@click.option("--link", "choice", flag_value="link", help="It is the same person.")
@click.option("--refuse", "choice", flag_value="refuse", help="It is not; a link that stands already ends.")
@click.option("--reason", required=True, help="Why; kept with your name.")
def decide(session: Session, identifier: str, choice: str | None, reason: str) -> int:
    """Decide a claim (M12). Its record is retried, or discarded; the same claim is not asked about again."""
    number = identifier[1:] if identifier[:1].upper() == "M" else identifier
    if choice is None or not (number.isascii() and number.isdigit()):
        raise click.UsageError("Name a claim, M<number>, and --link or --refuse.")
    link = choice == "link"
    if link and _is_merge(session, int(number)):
        session.output.say("Both have unified numbers: `kakehashi match merge` makes them one, and answers this.")
        return FAULTS
    actor, now = getpass.getuser(), session.clock.now()
    note = Note(actor, reason)
    answered = session.links.answer(int(number), link=link, note=note, now=now)
    if answered is None:
        session.output.say("There is no open claim of that name.")
        return FAULTS
    exception = _waiting(session, answered)
    if exception is not None and link:
        request = content_id("redrive", exception, now.isoformat())
        session.store.redrive([exception], request_ids=[request], reason=reason, actor=actor, now=now)
    elif exception is not None:
        session.store.discard([exception], reason=reason, actor=actor, now=now)
    elif answered.what.members:
        if link and not carry_out(session.links, answered, now=now):
            session.output.say("The numbers stand for several persons: nothing was changed.")
            return FAULTS
    elif not link:
        session.links.end(answered.what.system, answered.what.atena, since=now.date(), note=note, now=now)
    session.output.object(
        {
            "claim": f"M{number}",
            "decision": answered.decision,
            "record": None if exception is None else f"E{exception}",
        }
    )
    return 0


def _is_merge(session: Session, number: int) -> bool:
    """Whether it is asked of somebody who has another unified number."""
    row = session.links.review(number)
    if row is None or not row.what.members:
        return False
    linked = session.links.resolve(row.what.system, [row.what.atena])
    return linked.get(row.what.atena, row.what.unified) != row.what.unified


@command(match, "again")
@click.option("--system", help="Only this system's numbers.")
def again(session: Session, system: str | None) -> int:
    """Compare every link anew. 3 of 4: somebody is asked; fewer: the link is frozen. Exit code 1 where any drifts."""
    found = rematch(session.links, session.sealer, system=system, now=session.clock.now())
    session.output.rows(
        "Compared again",
        ("system", "compared", "same", "asked", "frozen", "unknown", "differs"),
        [
            (r.system, r.compared, r.same, r.asked, r.frozen, r.unknown,
             " ".join(f"{name}:{count}" for name, count in sorted(r.differ.items())))
            for r in found
        ],
    )  # fmt: skip
    return FAULTS if any(r.asked or r.frozen for r in found) else 0
