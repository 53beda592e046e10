"""Whom or what an operator means, and what happens to it: shared by suspend, lock and who-received."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable

import click

from kakehashi.cli.context import FAULTS, Session
from kakehashi.cli.link import masked
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.domain.interface import Function
from kakehashi.domain.link import Note
from kakehashi.errors import InputError
from kakehashi.failpoint import reached
from kakehashi.ports.halts import HaltRow, NewHalt
from kakehashi.runtime.withdrawing import lanes_by_information

__all__ = ["decide", "decision_options", "key_of", "person_of", "shown_key", "tell_halts"]

_DIGITS = 15
_INFORMATION = re.compile(r"TM[0-9]{14}")


def decision_options(function: Callable[..., int]) -> Callable[..., int]:
    """--reason and --yes."""
    wrapped = click.option("--yes", is_flag=True, help="Do it; without, only tell what it would do.")(function)
    return click.option("--reason", required=True, help="Why; kept with your name.")(wrapped)


def person_of(session: Session, named: str, *, reason: str) -> str:
    """The key of a person at the server: SYSTEM:NUMBER by its link, or the 団体内統合宛名番号 itself.

    Whom somebody means is audited with each link. Raises InputError(IDN-001), UsageError.
    """
    system, colon, number = named.rpartition(":")
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise click.UsageError("Name a person: SYSTEM:NUMBER, or a unified number of 1 to 15 digits.")
    number = number.zfill(_DIGITS)
    if not session.configuration.profile.swaps:
        return number
    unified = _unified(session, system, number) if colon else number
    for row in session.links.persons_links(unified):
        session.links.looked(row.system, row.atena, note=Note(getpass.getuser(), reason), now=session.clock.now())
    return unified


def _unified(session: Session, system: str, number: str) -> str:
    numbers = session.configuration.gateway.links.numbers.get(system, system)
    periods = session.links.periods(numbers, number)
    if not periods or periods[-1].ended_at is not None:
        raise InputError("IDN-001")
    return periods[-1].unified


def key_of(session: Session, named: str, *, reason: str) -> tuple[HaltOf, str]:
    """A TM code, or a person."""
    if _INFORMATION.fullmatch(named):
        return HaltOf.INFORMATION, named
    return HaltOf.PERSON, person_of(session, named, reason=reason)


def shown_key(of: HaltOf, key: str) -> str:
    return masked(key) if of is HaltOf.PERSON else key


def decide(
    session: Session, action: HaltAction, of: HaltOf, key: str, means: HaltMeans, *, reason: str, yes: bool, lift: bool
) -> int:
    """Place or lift it, or tell what that would do."""
    standing = next((row for row in session.store.halts(of=of, key=key) if row.action is action), None)
    if lift and standing is None:
        session.output.say("It is not stopped in this way.")
        return FAULTS
    told: dict[str, object] = {"done": yes, "action": "lift" if lift else action.value, "key": shown_key(of, key)}
    if not yes:
        told |= {"standing": f"H{standing.id}" if standing else None} | _extent(session, of, key)
        session.output.object(told)
        return 0
    actor, now = getpass.getuser(), session.clock.now()
    if lift:
        row, new = session.store.lift_halt(action, of, key, reason=reason, actor=actor, now=now), True
    else:
        row, new = session.store.place_halt(
            NewHalt(action=action, of=of, key=key, means=means, reason=reason, actor=actor, placed_at=now)
        )
    reached("halting.placed")
    session.output.object(told | {"id": f"H{row.id}" if row else None, "new": new, "means": means.value})
    return 0


def _extent(session: Session, of: HaltOf, key: str) -> dict[str, object]:
    lanes = lanes_by_information(session.configuration)
    if of is HaltOf.INFORMATION:
        routes = session.configuration.routes.values()
        return {"lanes": [r.name for r in routes if r.function is Function.DBM and r.standard.info_name == key]}
    replicas: dict[str, int] = {}
    for change in session.store.persons_replicas(key):
        lane = lanes[change.info_name].name if change.info_name in lanes else change.info_name
        replicas[lane] = replicas.get(lane, 0) + 1
    return {
        "links": len(session.links.persons_links(key)),
        "replicas": replicas,
        "in_flight": len(session.store.persons_in_flight(key)),
    }


def tell_halts(session: Session, rows: list[HaltRow]) -> None:
    now = session.clock.now()
    session.output.rows(
        "Stopped",
        ("id", "action", "key", "means", "since", "by", "reason", "at_server", "minutes_waiting", "code", "lifted",
         "lifted_by", "lift_reason"),
        [
            (
                f"H{row.id}",
                row.action,
                shown_key(row.of, row.key),
                row.means,
                row.placed_at,
                row.actor,
                row.reason,
                row.done_at if row.lifted_at is None else row.lift_done_at,
                None if row.waits_since is None else int((now - row.waits_since).total_seconds() // 60),
                row.code,
                row.lifted_at,
                row.lifted_by,
                row.lift_reason,
            )
            for row in rows
        ],
    )  # fmt: skip
