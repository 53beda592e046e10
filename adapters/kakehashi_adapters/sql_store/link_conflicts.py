"""Contradictions between rows and links: both sides frozen, each contradiction recorded once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, insert, literal_column, or_, select, text, update

from kakehashi.domain.link import Conflict, Note
from kakehashi.ports.link_rules import claim_of
from kakehashi.ports.links import ConflictRow, LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.link_tables import UNDECIDED, link_conflicts, links
from kakehashi_adapters.sql_store.moment import from_store, to_store

__all__ = ["HELD", "close_conflict", "conflict_rows", "contested", "record_conflict", "thaw"]

HELD = "held"
"""The decision about a conflict before the day of enforcement: nobody sees it, nothing is frozen."""

_OPEN = text(UNDECIDED)
_SIDES = select(link_conflicts.c.known, link_conflicts.c.unified).where(
    _OPEN,
    link_conflicts.c.kind != literal_column(f"'{Conflict.DRIFT.value}'"),
    or_(
        link_conflicts.c.known.in_(bindparam("persons", expanding=True)),
        link_conflicts.c.unified.in_(bindparam("persons", expanding=True)),
    ),
)
_DRIFTING = exists(
    select(link_conflicts.c.id).where(
        _OPEN, link_conflicts.c.system == links.c.system, link_conflicts.c.atena == links.c.atena,
        link_conflicts.c.known == links.c.unified, link_conflicts.c.kind == Conflict.DRIFT.value,
    )
)  # fmt: skip


def contested(connection: Connection, persons: Collection[str]) -> set[str]:
    """Which of these persons are a side of an open conflict."""
    rows = connection.execute(_SIDES, {"persons": sorted(persons)}).all()
    return {person for row in rows for person in row} & set(persons)


def record_conflict(
    connection: Connection, kind: Conflict, known: str, row: LinkRow, *, now: datetime, held: bool = False
) -> set[str]:
    """Write it down and freeze; returns whom it froze: nobody where the same contradiction is known already.

    `held`: until the day of enforcement it freezes nobody.
    """
    claim = claim_of(kind, known, row)
    if connection.execute(select(link_conflicts.c.id).where(link_conflicts.c.claim == claim)).first():
        return set()
    connection.execute(
        insert(link_conflicts).values(
            kind=kind.value,
            claim=claim,
            known=known,
            system=row.system,
            atena=row.atena,
            unified=row.unified,
            blind=row.blind,
            key_id=None if row.number is None else row.number.key_id,
            number=None if row.number is None else row.number.body,
            since=None if row.since is None else max(row.since, row.earliest or row.since).toordinal(),
            changed=row.changed,
            recorded_at=to_store(now),
            decision=HELD if held else None,
        )
    )
    if held:
        return set()
    sides = {known, row.unified}
    which: ColumnElement[bool] = links.c.unified.in_(sorted(sides))
    if kind is Conflict.DRIFT:
        which = (links.c.system == row.system) & (links.c.atena == row.atena)
    connection.execute(update(links).where(which).values(frozen=True))
    return sides


def close_conflict(
    connection: Connection, conflict_id: int, decision: str, *, note: Note, now: datetime
) -> ConflictRow | None:
    """Decide an open one; None where it is not open."""
    found = conflict_rows(connection, one=conflict_id, undecided=True, most=1)
    if not found:
        return None
    connection.execute(
        update(link_conflicts)
        .where(link_conflicts.c.id == conflict_id)
        .values(decision=decision, decided_at=to_store(now), actor=note.actor, reason=note.reason)
    )
    return found[0]


def thaw(connection: Connection, persons: Collection[str]) -> None:
    """Links of persons that are no side of an open conflict any more, but for those that drift."""
    free = sorted(set(persons) - contested(connection, persons))
    connection.execute(update(links).where(links.c.unified.in_(free), ~_DRIFTING).values(frozen=False))


def conflict_rows(connection: Connection, *, undecided: bool, most: int, one: int | None = None) -> list[ConflictRow]:
    query = select(link_conflicts).order_by(link_conflicts.c.id).limit(most)
    shown = link_conflicts.c.decision.is_(None) | (link_conflicts.c.decision != HELD)
    query = query.where(_OPEN if undecided else shown)
    if one is not None:
        query = query.where(link_conflicts.c.id == one)
    return [
        ConflictRow(
            id=row.id,
            kind=Conflict(row.kind),
            known=row.known,
            row=LinkRow(
                system=row.system,
                atena=row.atena,
                unified=row.unified,
                blind=row.blind,
                number=None if row.number is None else Sealed(row.key_id, row.number),
                since=None if row.since is None else date.fromordinal(row.since),
                changed=row.changed,
            ),
            recorded_at=from_store(row.recorded_at),
            decision=row.decision,
            decided_at=from_store(row.decided_at),
            note=None if row.actor is None else Note(row.actor, row.reason),
        )
        for row in connection.execute(query)
    ]
