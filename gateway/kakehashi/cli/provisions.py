"""provisions: what other bodies inquire and the server does not answer by itself; permit or deny, with a reason."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import click

from kakehashi.cli.context import FAULTS, Session, command, is_row_number
from kakehashi.cli.link import masked
from kakehashi.domain.provision import OPEN, UNDECIDED, Provision, ProvisionState, Verdict
from kakehashi.pipeline.deciding import Deciding, Decision
from kakehashi.ports.provisions import ProvisionRow

__all__ = ["provisions"]

_ALL = 1_000_000
_HOUR = timedelta(hours=1)
_why = click.option("--reason", required=True, help="Why; kept with your name.")
_yes = click.option("--yes", is_flag=True, help="Do it; without, only tell what it would do.")


@click.group()
def provisions() -> None:
    """Inquiries of other bodies 情報提供 that wait for our decision."""


@command(provisions, "list")
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in ProvisionState]),
    multiple=True,
    help="Only in these states; else what has not ended.",
)
@click.option("--all", "everything", is_flag=True, help="What has ended too.")
@click.option("--department", help="Only what this department decides.")
@click.option("--most", type=click.IntRange(1, _ALL), default=100, show_default=True, help="At most so many.")
def list_(session: Session, states: Sequence[str], everything: bool, department: str | None, most: int) -> int:
    """What waits, the most urgent first. Exit code 1 while somebody must decide."""
    wanted = [ProvisionState(state) for state in states] or ([] if everything else sorted(OPEN))
    rules, now = session.configuration.profile.provisions, session.clock.now()
    found = [
        (row, rules.rule(row.what.inquiry.info_name, row.what.inquiry.affair))
        for row in session.store.provisions(states=wanted, most=_ALL if department else most)
    ]
    rows = [(row, rule) for row, rule in found if department in (None, rule.department)][:most]
    session.output.rows(
        "Provisions",
        ("id", "person", "information", "affair", "requester", "state", "verdict", "department", "deadline",
         "hours_left", "code", "what_to_do"),
        [
            (
                f"P{row.id}",
                masked(row.what.inquiry.person),
                row.what.inquiry.info_name,
                row.what.inquiry.affair,
                row.what.inquiry.requester,
                row.what.state,
                row.what.verdict,
                rule.department,
                row.what.inquiry.deadline,
                _hours_left(row.what, now),
                row.what.code,
                session.remedy(row.what.code),
            )
            for row, rule in rows
        ],
    )  # fmt: skip
    return FAULTS if any(row.what.state in UNDECIDED for row, _ in rows) else 0


def _hours_left(what: Provision, now: datetime) -> int | None:
    return max((what.inquiry.deadline - now) // _HOUR, 0) if what.state in OPEN else None


@command(provisions, "show")
@click.argument("identifier")
def show(session: Session, identifier: str) -> int:
    """One inquiry (P12): who asks what, how many must decide, and every step with who, why and when."""
    row = _named(session, identifier)
    if row is None:
        return FAULTS
    asked, needs = row.what.inquiry, _deciding(session).needs(row)
    session.output.object(
        {
            **_short(row, row.what),
            "person": masked(asked.person),
            "information": asked.info_name,
            "unit": asked.unit,
            "affair": asked.affair,
            "procedure": asked.procedure,
            "requester": asked.requester,
            "asked": asked.asked_at,
            "deadline": asked.deadline,
            "protected": "yes" if needs.protected else "no",
            "persons_to_permit": needs.persons(Verdict.PERMIT),
            "persons_to_deny": needs.persons(Verdict.DENY),
            "denial": row.what.denial,
            "code": row.what.code,
            "server_code": row.what.server_code,
        }
    )
    session.output.rows(
        "Steps",
        ("at", "what", "state", "by", "reason", "code", "server_code", "request_id"),
        [
            (each.at, each.what, each.state, each.actor, each.reason, each.code, each.server_code, each.request_id)
            for each in session.store.provision_entries(row.id)
        ],
    )
    return 0


@command(provisions, "permit")
@click.argument("identifier")
@_why
@click.option(
    "--protected", is_flag=True, help="You know that the person is protected 支援措置, or that it is unknown."
)
@_yes
def permit(session: Session, identifier: str, reason: str, protected: bool, yes: bool) -> int:
    """Let the server answer this inquiry (P12). What needs two persons waits for the second one."""
    wanted = Decision(getpass.getuser(), reason, Verdict.PERMIT, aware=protected)
    return _changed(session, identifier, lambda office, row: office.decide(row, wanted, dry=not yes), done=yes)


@command(provisions, "deny")
@click.argument("identifier")
@_why
@click.option("--code", required=True, help="不提供理由: what who asked is told, a code of the profile.")
@_yes
def deny(session: Session, identifier: str, reason: str, code: str, yes: bool) -> int:
    """Provide nothing to this inquiry (P12)."""
    denials = session.configuration.profile.provisions.denials
    if code not in denials:
        known = ", ".join(f"{each} {name}" for each, name in sorted(denials.items()))
        raise click.UsageError(f"--code is one of: {known}")
    wanted = Decision(getpass.getuser(), reason, Verdict.DENY, denial=code)
    return _changed(session, identifier, lambda office, row: office.decide(row, wanted, dry=not yes), done=yes)


@command(provisions, "withdraw")
@click.argument("identifier")
@_why
@_yes
def withdraw(session: Session, identifier: str, reason: str, yes: bool) -> int:
    """Take back what was decided about this inquiry (P12) and not been sent, or was refused: decide anew."""
    actor = getpass.getuser()
    return _changed(
        session,
        identifier,
        lambda office, row: office.withdraw(row, actor=actor, reason=reason, dry=not yes),
        done=yes,
    )


def _changed(
    session: Session, identifier: str, change: Callable[[Deciding, ProvisionRow], Provision], *, done: bool
) -> int:
    row = _named(session, identifier)
    if row is None:
        return FAULTS
    office = _deciding(session)
    what = change(office, row)
    needed = office.needs(row).persons(what.verdict) if what.verdict else 0
    session.output.object({"done": done, **_short(row, what), "persons_needed": needed})
    return 0


def _short(row: ProvisionRow, what: Provision) -> dict[str, object]:
    return {
        "provision": f"P{row.id}",
        "state": what.state.value,
        "verdict": what.verdict.value if what.verdict else None,
        "persons": len(what.voices),
    }


def _deciding(session: Session) -> Deciding:
    return Deciding(
        store=session.store,
        links=session.links,
        clock=session.clock,
        rules=session.configuration.profile.provisions,
        departments=session.configuration.gateway.provisions.departments,
    )


def _named(session: Session, identifier: str) -> ProvisionRow | None:
    number = identifier[1:] if identifier[:1].upper() == "P" else identifier
    if not is_row_number(number):
        raise click.UsageError("Name an inquiry, P<number>.")
    row = session.store.provision(int(number))
    if row is None:
        session.output.say("There is no such inquiry.")
    return row
