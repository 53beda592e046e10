"""link held, link enforce: how many numbers wait for their day of enforcement, and what became of them on it."""

from __future__ import annotations

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.pipeline.holding import Phase, first_moment, phase
from kakehashi.ports.held_numbers import Enforcement
from kakehashi.runtime.enforcing import AT_ONCE

__all__ = ["enforce", "held"]


@command()
def held(session: Session) -> int:
    """How many individual numbers are held, and until when; on their day and after it, how many became active.

    Counts alone. Exit code 1: their day has come and they are not all active, or some contradict what is known.
    """
    summary, standing = session.links.held_summary(), _standing(session)
    day, found = session.configuration.gateway.links.in_force_from, session.links.enforcement()
    session.output.object(
        {
            "standing": standing.name.lower(),
            "until": first_moment(day) if day and standing is Phase.BEFORE else None,
            "held": summary.numbers,
            "since": summary.oldest,
            "links": " ".join(f"{system}:{count}" for system, count in summary.links.items()) or None,
            "conflicts": summary.conflicts,
            **_told(found),
        }
    )
    return FAULTS if standing is Phase.TURNING or (found and found.contradicted) else 0


@command()
@click.option("--dry-run", is_flag=True, help="Only say what would become active.")
def enforce(session: Session, *, dry_run: bool) -> int:
    """Make the held individual numbers active, from the first moment of their day on; else the scheduler does it.

    May be stopped and called again. Exit code 1: their day has not come, or some contradict what is known.
    """
    standing, summary = _standing(session), session.links.held_summary()
    day = session.configuration.gateway.links.in_force_from
    if standing is Phase.BEFORE and day:
        session.output.object({"standing": "before", "until": first_moment(day), "held": summary.numbers})
        return FAULTS
    found = session.links.enforcement()
    day = found.day if found else day
    if day is None:
        session.output.say("[links] in_force_from says no day.")
        return FAULTS
    if dry_run:
        told = {"standing": standing.name.lower(), "held": summary.numbers, "conflicts": summary.conflicts}
        session.output.object(told)
        return 0
    while _standing(session) is Phase.TURNING:
        found = session.links.enforce(day, most=AT_ONCE, now=session.clock.now())
    session.output.object({"standing": "in_force", **_told(found)})
    return FAULTS if found and found.contradicted else 0


def _standing(session: Session) -> Phase:
    return phase(session.links, session.configuration.gateway.links.in_force_from, now=session.clock.now())


def _told(found: Enforcement | None) -> dict[str, object]:
    if found is None:
        return {}
    return {
        "in_force_from": found.day.isoformat(),
        "were_held": found.held,
        "active": found.active,
        "contradicted": found.contradicted,
        "begun": found.begun_at,
        "ended": found.ended_at,
    }
