"""What befell persons, as rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, select, true
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.link import LifeEvent, LinkEvent
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.held_tables import holds_number
from kakehashi_adapters.sql_store.held_writing import check_open, waiting_persons
from kakehashi_adapters.sql_store.life_tables import life_events
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["SqlLives"]

T = TypeVar("T")

_KEY = ["unified", "event", "since", "system", "atena"]


class SqlLives:
    """See `kakehashi.ports.lives.LifeBook`, and of `HeldNumbers` what is about it. `_database`, `_write`: of the class
    that takes it in.
    """

    _database: Database

    def _write(self, work: Callable[[Connection], T]) -> T:
        raise NotImplementedError

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        for portion in portions(events):
            self._database.write(lambda c, portion=portion: _insert(c, portion))  # type: ignore[misc]  # bound now

    def hold_events(self, events: Sequence[LifeEvent]) -> None:
        for portion in portions(events):
            self._write(lambda c, portion=portion: _hold(c, portion))  # type: ignore[misc]  # bound now

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        return self._events(persons, ~life_events.c.held | ~holds_number(life_events.c.unified))

    def held_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        return self._events(persons, true())

    def _events(self, persons: Collection[str], seen: ColumnElement[bool]) -> dict[str, list[LifeEvent]]:
        found: dict[str, list[LifeEvent]] = {}
        for portion in portions(sorted(set(persons))):
            query = select(life_events).where(life_events.c.unified.in_(portion), seen).order_by(life_events.c.id)
            for row in self._database.read(lambda c, query=query: c.execute(query).all()):  # type: ignore[misc]  # bound now
                found.setdefault(row.unified, []).append(
                    LifeEvent(
                        unified=row.unified,
                        system=row.system,
                        atena=row.atena,
                        event=LinkEvent(row.event),
                        since=date.fromordinal(row.since),
                        recorded_at=from_store(row.recorded_at),
                    )
                )
        return found


def _hold(connection: Connection, events: Sequence[LifeEvent]) -> None:
    """Under the lock of links: nobody becomes active between the look and the row."""
    check_open(connection)
    waiting, reserved = waiting_persons(connection, {each.unified for each in events})
    _insert(connection, events, held=waiting, reserved=reserved)


def _insert(
    connection: Connection, events: Sequence[LifeEvent], *, held: Collection[str] = (), reserved: Collection[str] = ()
) -> None:
    rows = [
        {
            "unified": each.unified,
            "system": each.system,
            "atena": each.atena,
            "event": each.event.value,
            "since": each.since.toordinal(),
            "recorded_at": to_store(each.recorded_at),
            "held": each.unified in reserved or (each.by_number and each.unified in held),
        }
        for each in events
    ]
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(life_events)
    shown = {"held": made.excluded.held}
    connection.execute(made.on_conflict_do_update(index_elements=_KEY, set_=shown, where=life_events.c.held), rows)
