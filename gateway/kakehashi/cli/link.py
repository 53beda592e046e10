"""link: whose numbers are whose, since when, what is not linked, what contradicts itself and who decided."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from datetime import datetime

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.enforcement import enforce, held
from kakehashi.domain.link import Note, Period, residence
from kakehashi.pipeline.linking import address_context
from kakehashi.ports.links import Coverage

__all__ = ["link", "masked"]

_DIGITS = 15


@click.group()
def link() -> None:
    """Links between systems' numbers and persons. Numbers are masked; a reveal needs a reason and is kept."""


link.add_command(held)
link.add_command(enforce)

_may_say_why = click.option("--reason", help="Why; kept with your name.")
_must_say_why = click.option("--reason", required=True, help="Why; kept with your name.")
_from_a_day = click.option("--since", "day", type=click.DateTime(["%Y-%m-%d"]), help="From which day on; else today.")


def _note(reason: str) -> Note:
    return Note(getpass.getuser(), reason)


def masked(number: str, *, reveal: bool = False) -> str:
    """The last three digits are enough to tell two of them apart on a page."""
    if reveal or number.startswith("~"):  # a name that tells nothing
        return number
    return f"{'*' * (len(number) - 3)}{number[-3:]}"


def _atena(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise click.UsageError("A number has 1 to 15 digits.")
    return text.zfill(_DIGITS)


@command(link, "show")
@click.argument("system")
@click.argument("atena")
@click.option("--reveal", is_flag=True, help="Whole numbers, the person's other links, and address data if kept.")
@_may_say_why
def show(session: Session, system: str, atena: str, reveal: bool, reason: str | None) -> int:
    """For whom a system's number stands now. Never the individual number."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs a --reason.")
    number, links = _atena(atena), session.links
    if reveal and reason:
        links.looked(system, number, note=_note(reason), now=session.clock.now())
    periods = links.periods(system, number)
    if not periods or periods[-1].ended_at is not None:
        session.output.say("The number is not linked.")
        return FAULTS
    period = periods[-1]
    rows = links.persons_links(period.unified)
    session.output.object(
        {
            "system": system,
            "atena": masked(number, reveal=reveal),
            "unified": masked(period.unified, reveal=reveal),
            "since": period.since.isoformat(),
            "recorded": period.recorded_at,
            "frozen": bool(links.unresolved(system, [number])),
            "residence": residence(links.life_events([period.unified]).get(period.unified, ())),
            "individual_number": "sealed" if any(row.number for row in rows) else "none",
            "links": [f"{row.system} {masked(row.atena, reveal=reveal)}" for row in rows] if reveal else len(rows),
            **(_address(session, period.unified) if reveal else {}),
        }
    )
    return 0


def _address(session: Session, unified: str) -> Mapping[str, object]:
    reference = session.links.references([unified]).get(unified)
    if reference is None or reference.sealed is None:
        return {}
    told: dict[str, object] = json.loads(session.sealer.open(reference.sealed, context=address_context(unified)))
    return told


@command(link, "history")
@click.argument("system")
@click.argument("atena")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only what held on this day …")
@click.option("--known", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="… as it was known at this time.")
@click.option("--reveal", is_flag=True, help="Whole numbers.")
@_must_say_why
def history(
    session: Session, system: str, atena: str, day: datetime | None, known: datetime | None, reveal: bool, reason: str
) -> int:
    """For whom the number stood when, when we knew it, when the individual number changed, what befell the person."""
    number, now = _atena(atena), session.clock.now()
    at = known.replace(tzinfo=now.tzinfo) if known else now
    session.links.looked(system, number, note=_note(reason), now=now)
    periods = [("link", period) for period in session.links.periods(system, number)]
    persons = dict.fromkeys(period.unified for _, period in periods)
    periods += [("number", period) for person in persons for period in session.links.number_periods(person)]
    shown = [(what, p) for what, p in periods if day is None or p.holds(day.date(), known=at)]
    lives = [event for events in session.links.life_events(persons).values() for event in events]
    shown += [
        ("event", Period(unified=e.unified, since=e.since, recorded_at=e.recorded_at, cause=e.event))
        for e in lives
        if day is None or (e.since <= day.date() and e.recorded_at <= at)
    ]
    session.output.rows(
        "History",
        ("what", "unified", "since", "until", "recorded", "ended", "cause", "by", "reason"),
        [(what, masked(p.unified, reveal=reveal), *_times(p)) for what, p in shown],
    )
    session.output.rows(
        "Looked at",
        ("at", "by", "reason"),
        [(at, note.actor, note.reason) for at, note in session.links.looks(system, number)],
    )
    return 0


def _times(period: Period) -> tuple[str | datetime | None, ...]:
    note = period.note
    return (
        period.since.isoformat(),
        period.until.isoformat() if period.until else None,
        period.recorded_at,
        period.ended_at,
        period.cause or None,
        note.actor if note else None,
        note.reason if note else None,
    )


@command(link, "coverage")
@click.option("--unlinked", help="List the unlinked numbers of this system.")
@click.option("--reveal", is_flag=True, help="Whole numbers.")
@_may_say_why
def coverage(session: Session, unlinked: str | None, reveal: bool, reason: str | None) -> int:
    """Linked and unlinked numbers, system by system. Exit code 1 while any that came in is not linked."""
    if unlinked is not None:
        if reveal and not reason:
            raise click.UsageError("--reveal needs a --reason.")
        if reveal and reason:
            session.links.looked(unlinked, "", note=_note(reason), now=session.clock.now())
        numbers = ((unlinked, masked(number, reveal=reveal)) for number in session.links.unlinked(unlinked))
        session.output.rows("Unlinked", ("system", "atena"), numbers)
        return 0
    rows = session.links.coverage()
    session.output.rows(
        "Coverage",
        ("system", "linked", "frozen", "unlinked", "percent", "oldest_unlinked"),
        [(row.system, row.linked, row.frozen, row.unlinked, _percent(row), row.oldest_unlinked) for row in rows],
    )
    return FAULTS if any(row.unlinked or row.frozen for row in rows) else 0


def _percent(row: Coverage) -> str:
    """Of what can be sent; rounded down: 100.00 says that nothing is missing."""
    known = row.linked + row.unlinked
    hundredths = 10_000 * (row.linked - row.frozen) // known if known else 0
    return f"{hundredths // 100}.{hundredths % 100:02}"


@command(link, "conflicts")
@click.option("--all", "everything", is_flag=True, help="Decided ones too.")
@click.option("--reveal", is_flag=True, help="Whole numbers.")
@_may_say_why
def conflicts(session: Session, everything: bool, reveal: bool, reason: str | None) -> int:
    """Rows that contradict a link or a number. Both sides are frozen until somebody decides."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs a --reason.")
    rows = session.links.conflicts(undecided=not everything)
    for row in rows if reveal else ():
        session.links.looked(row.row.system, row.row.atena, note=_note(reason or ""), now=session.clock.now())
    session.output.rows(
        "Conflicts",
        (
            "id",
            "code",
            "kind",
            "system",
            "atena",
            "known",
            "claimed",
            "since",
            "decision",
            "by",
            "reason",
            "what_to_do",
        ),
        [
            (
                f"C{row.id}",
                row.code,
                row.kind,
                row.row.system,
                masked(row.row.atena, reveal=reveal),
                masked(row.known, reveal=reveal),
                masked(row.row.unified, reveal=reveal),
                row.recorded_at,
                row.decision,
                row.note.actor if row.note else None,
                row.note.reason if row.note else None,
                session.remedy(row.code) if row.decision is None else "",
            )
            for row in rows
        ],
    )
    return FAULTS if any(row.decision is None for row in rows) else 0


@command(link, "decide")
@click.argument("identifier")
@click.option("--keep", "choice", flag_value="keep", help="What was known counts; the row stays refused.")
@click.option("--take", "choice", flag_value="take", help="The row counts; what was known ends. Of a drift: the link.")
@_must_say_why
def decide(session: Session, identifier: str, choice: str | None, reason: str) -> int:
    """Decide a conflict (C12). Both sides thaw when nothing else is undecided about them."""
    number = identifier[1:] if identifier[:1].upper() == "C" else identifier
    if choice is None or not (number.isascii() and number.isdigit()):
        raise click.UsageError("Name a conflict, C<number>, and --keep or --take.")
    done = session.links.decide(int(number), take=choice == "take", note=_note(reason), now=session.clock.now())
    if not done:
        session.output.say("There is no open conflict of that name.")
        return FAULTS
    session.output.object({"conflict": f"C{number}", "decision": choice})
    return 0


@command(link, "end")
@click.argument("system")
@click.argument("atena")
@_from_a_day
@_must_say_why
def end(session: Session, system: str, atena: str, day: datetime | None, reason: str) -> int:
    """Take a link away, such as a wrong one. What it was stays in the history."""
    now = session.clock.now()
    since = (day or now).date()
    if not session.links.end(system, _atena(atena), since=since, note=_note(reason), now=now):
        session.output.say("The number is not linked.")
        return FAULTS
    session.output.object({"system": system, "ended": since.isoformat()})
    return 0


@command(link, "release")
@click.argument("system")
@click.argument("atena")
@_from_a_day
@_must_say_why
def release(session: Session, system: str, atena: str, day: datetime | None, reason: str) -> int:
    """The person of this number is gone: all links end, the unified number stays taken for ever."""
    now = session.clock.now()
    since = (day or now).date()
    person = _person(session, system, _atena(atena))
    if person is None or not session.links.release(person, since=since, note=_note(reason), now=now):
        session.output.say("The number is not linked.")
        return FAULTS
    session.output.object({"released": since.isoformat()})
    return 0


def _person(session: Session, system: str, atena: str) -> str | None:
    periods = session.links.periods(system, atena)
    return periods[-1].unified if periods and periods[-1].ended_at is None else None
