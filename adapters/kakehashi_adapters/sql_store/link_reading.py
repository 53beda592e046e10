"""What operators ask of the links: pages, persons, history, coverage."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from kakehashi.domain.link import Note, Period
from kakehashi.ports.links import Coverage, LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.link_tables import (
    link_history,
    link_looks,
    links,
    number_history,
    persons,
    unlinked,
)
from kakehashi_adapters.sql_store.moment import from_store
from kakehashi_adapters.sql_store.portion import PORTION

__all__ = ["coverage", "link_periods", "looks", "number_periods", "page", "persons_links", "unlinked_page"]

_LINKS = select(
    links.c.system, links.c.atena, links.c.unified, links.c.since, persons.c.blind, persons.c.key_id, persons.c.number
).join_from(links, persons, links.c.unified == persons.c.unified, isouter=True)
_PAGE = (
    _LINKS.where(links.c.system == bindparam("of_system"), links.c.atena > bindparam("after"))
    .order_by(links.c.atena)
    .limit(PORTION)
)
_UNLINKED = (
    select(unlinked.c.system, unlinked.c.atena, unlinked.c.first_at)
    .join(links, (links.c.system == unlinked.c.system) & (links.c.atena == unlinked.c.atena), isouter=True)
    .where(links.c.atena.is_(None))
)


def page(connection: Connection, system: str, after: str) -> list[LinkRow]:
    return [_row(row) for row in connection.execute(_PAGE, {"of_system": system, "after": after})]


def persons_links(connection: Connection, unified: str) -> list[LinkRow]:
    query = _LINKS.where(links.c.unified == unified).order_by(links.c.system, links.c.atena)
    return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> LinkRow:
    return LinkRow(
        system=row.system,
        atena=row.atena,
        unified=row.unified,
        blind=row.blind,
        number=None if row.number is None else Sealed(row.key_id, row.number),
        since=None if row.since is None else date.fromordinal(row.since),
    )


def link_periods(connection: Connection, system: str, atena: str) -> list[Period]:
    ended = select(link_history).where(link_history.c.system == system, link_history.c.atena == atena)
    periods = [_ended(row) for row in connection.execute(ended.order_by(link_history.c.id))]
    now = select(links).where(links.c.system == system, links.c.atena == atena)
    return periods + [_current(row.unified, row.since, row.linked_at) for row in connection.execute(now)]


def number_periods(connection: Connection, unified: str) -> list[Period]:
    ended = select(number_history).where(number_history.c.unified == unified).order_by(number_history.c.id)
    periods = [_ended(row) for row in connection.execute(ended)]
    now = select(persons).where(persons.c.unified == unified)
    return periods + [_current(row.unified, row.since, row.recorded_at or 0) for row in connection.execute(now)]


def _current(unified: str, since: int | None, recorded_at: int) -> Period:
    known = from_store(recorded_at)
    return Period(unified=unified, since=_since(since, known), recorded_at=known)


def _ended(row: Any) -> Period:
    known = from_store(row.recorded_at or 0)
    return Period(
        unified=row.unified,
        since=_since(row.since, known),
        recorded_at=known,
        until=date.fromordinal(row.until),
        ended_at=from_store(row.ended_at),
        cause=row.cause,
        note=None if row.actor is None else Note(row.actor, row.reason),
    )


def _since(stored: int | None, recorded_at: datetime) -> date:
    """What was linked before days were kept holds from the day on which it was recorded."""
    return recorded_at.date() if stored is None else date.fromordinal(stored)


def coverage(connection: Connection) -> list[Coverage]:
    linked = select(links.c.system, func.count(), func.count().filter(links.c.frozen)).group_by(links.c.system)
    found = {system: (count, frozen) for system, count, frozen in connection.execute(linked)}
    met = _UNLINKED.subquery()
    open_ones = select(met.c.system, func.count(), func.min(met.c.first_at)).group_by(met.c.system)
    missing = {system: (count, oldest) for system, count, oldest in connection.execute(open_ones)}
    return [
        Coverage(
            system=system,
            linked=found.get(system, (0, 0))[0],
            frozen=found.get(system, (0, 0))[1],
            unlinked=missing.get(system, (0, None))[0],
            oldest_unlinked=from_store(missing.get(system, (0, None))[1]),
        )
        for system in sorted({*found, *missing})
    ]


def unlinked_page(connection: Connection, system: str, after: str) -> list[str]:
    query = _UNLINKED.where(unlinked.c.system == system, unlinked.c.atena > after)
    return [row.atena for row in connection.execute(query.order_by(unlinked.c.atena).limit(PORTION))]


def looks(connection: Connection, system: str, atena: str) -> list[tuple[datetime, Note]]:
    query = select(link_looks).where(link_looks.c.system == system, link_looks.c.atena == atena)
    rows = connection.execute(query.order_by(link_looks.c.id))
    return [(from_store(row.at), Note(row.actor, row.reason)) for row in rows]
