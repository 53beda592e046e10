"""suspend: nothing of a person leaves any more, and what is at the server is taken back; lock, unlock."""

from __future__ import annotations

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.default_group import DefaultGroup
from kakehashi.cli.stopping import decide, decision_options, key_of, person_of, tell_halts
from kakehashi.cli.who_received import tell_disclosures
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf

__all__ = ["lock", "suspend", "unlock"]


class _Suspend(DefaultGroup):
    default = "person"


@click.group(cls=_Suspend)
def suspend() -> None:
    """Stop a person now: `suspend PERSON`, `suspend --lift PERSON`, `suspend list`.

    PERSON is SYSTEM:NUMBER or a 団体内統合宛名番号.
    """


@command(suspend, "person")
@click.argument("person")
@click.option("--lift", is_flag=True, help="End it: what was blocked can be sent again with `parked retry`.")
@decision_options
def suspend_person(session: Session, person: str, lift: bool, reason: str, yes: bool) -> int:
    """Nothing of PERSON is sent from now on; replicas are withdrawn or locked (profile, [suspend])."""
    key = person_of(session, person, reason=reason)
    means = HaltMeans(session.configuration.profile.suspends_by)
    code = decide(session, HaltAction.SUSPEND, HaltOf.PERSON, key, means, reason=reason, yes=yes, lift=lift)
    if not lift:
        tell_disclosures(session, HaltOf.PERSON, key)
    return code


@command(suspend, "list")
@click.option("--all", "everything", is_flag=True, help="Lifted ones too.")
def list_(session: Session, everything: bool) -> int:
    """Suspensions and locks: since when, who and why, whether the server has them. Exit code 1 while it has one not."""
    waiting = {row.id: row for row in session.store.waiting_halts()}
    rows = {row.id: row for row in session.store.halts(standing=not everything)} | waiting
    tell_halts(session, sorted(rows.values(), key=lambda row: row.id))
    return FAULTS if waiting else 0


@command(name="lock")
@click.argument("key")
@decision_options
def lock(session: Session, key: str, reason: str, yes: bool) -> int:
    """The server provides nothing of KEY (a TM code, or a person) any more; replicas of a TM code wait here."""
    of, found = key_of(session, key, reason=reason)
    return decide(session, HaltAction.LOCK, of, found, HaltMeans.LOCK, reason=reason, yes=yes, lift=False)


@command(name="unlock")
@click.argument("key")
@decision_options
def unlock(session: Session, key: str, reason: str, yes: bool) -> int:
    """KEY (a TM code, or a person) may be provided again; what waited here goes on at the ordinary rate."""
    of, found = key_of(session, key, reason=reason)
    return decide(session, HaltAction.LOCK, of, found, HaltMeans.LOCK, reason=reason, yes=yes, lift=True)
