"""match merge, unmerge, merges: two unified numbers that are one person's."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.link import masked
from kakehashi.domain.link import Note
from kakehashi.errors import InputError
from kakehashi.ports.merges import Unmergeable
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.merging import Consequences, Merging

__all__ = ["merge", "merges", "unmerge"]

_DIGITS = 15
_why = click.option("--reason", required=True, help="Why; kept with your name.")
_yes = click.option("--yes", is_flag=True, help="Do it; without, only tell what it would do.")


def _merging(session: Session) -> Merging:
    configuration = session.configuration
    return Merging(
        configuration=configuration,
        store=session.store,
        links=session.links,
        sealer=session.sealer,
        clock=session.clock,
        spool=plugin("spools", "folder")(Path(configuration.gateway.folders.spool)),
    )


def _unified(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise click.UsageError("A number has 1 to 15 digits.")
    return text.zfill(_DIGITS)


@command(name="merge")
@click.argument("kept")
@click.argument("retired")
@_why
@_yes
def merge(session: Session, kept: str, retired: str, reason: str, yes: bool) -> int:
    """Two unified numbers are one person's: what stands for RETIRED stands for KEPT; nobody gets RETIRED again.

    Its acquisition is given up and its replicas are deleted, as the profile says; the owners of the lanes that are
    named send again (`reconcile --repair`). Exit code 1 while something is in flight: do it again afterwards.
    """
    kept, retired, merging = _unified(kept), _unified(retired), _merging(session)
    obstacle = session.links.mergeable(kept, retired)
    if obstacle is not None:
        raise InputError("IDN-014", reason=obstacle.value)
    done = merging.merge(kept, retired, Note(getpass.getuser(), reason)) if yes else merging.foresee(retired)
    return _told(session, done, done=yes)


@command(name="unmerge")
@click.argument("identifier")
@_why
@_yes
def unmerge(session: Session, identifier: str, reason: str, yes: bool) -> int:
    """They are two persons after all (U12 of `match merges`): what was moved goes back, as far as it stands there."""
    number = identifier[1:] if identifier[:1].upper() == "U" else identifier
    if not (number.isascii() and number.isdigit()):
        raise click.UsageError("Name a merge, U<number>.")
    found = next((each for each in session.links.merges(standing=False, most=10**6) if each.id == int(number)), None)
    if found is None:
        session.output.say("There is no merge of that name.")
        return FAULTS
    merging, note = _merging(session), Note(getpass.getuser(), reason)
    return _told(session, merging.unmerge(found.id, note) if yes else merging.foresee_undoing(found), done=yes)


@command(name="merges")
@click.option("--all", "everything", is_flag=True, help="Undone ones too.")
def merges(session: Session, everything: bool) -> int:
    """Unified numbers that were made one: when, by whom and why."""
    session.output.rows(
        "Merges",
        ("id", "kept", "retired", "at", "by", "reason", "undone", "undone_by", "undone_reason"),
        [
            (
                f"U{row.id}",
                masked(row.kept),
                masked(row.retired),
                row.merged_at,
                row.note.actor,
                row.note.reason,
                row.undone_at,
                row.undone.actor if row.undone else None,
                row.undone.reason if row.undone else None,
            )
            for row in session.links.merges(standing=not everything)
        ],
    )
    return 0


def _told(session: Session, told: Consequences | Unmergeable | None, *, done: bool) -> int:
    if not isinstance(told, Consequences):
        raise InputError("IDN-014", reason="unknown" if told is None else told.value)
    session.output.object(
        {
            "done": done,
            "links": told.links,
            "acquisitions": told.acquisitions,
            "replicas": told.replicas,
            "in_flight": told.in_flight,
            "left": told.left,
        }
    )
    return FAULTS if told.in_flight or told.left else 0
