"""What befell persons, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.link import LifeEvent, LinkEvent
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.life_tables import life_events
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["SqlLives"]

_KEY = ["unified", "event", "since", "system", "atena"]


class SqlLives:
    """See `kakehashi.ports.lives.LifeBook`. `_database` comes from the class that takes it in."""

    _database: Database

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        for portion in portions(events):
            rows = [
                {
                    "unified": each.unified,
                    "system": each.system,
                    "atena": each.atena,
                    "event": each.event.value,
                    "since": each.since.toordinal(),
                    "recorded_at": to_store(each.recorded_at),
                }
                for each in portion
            ]

            self._database.write(lambda c, rows=rows: _insert(c, rows))  # type: ignore[misc]  # bound now

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        found: dict[str, list[LifeEvent]] = {}
        for portion in portions(sorted(set(persons))):
            query = select(life_events).where(life_events.c.unified.in_(portion)).order_by(life_events.c.id)
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


def _insert(connection: Connection, rows: list[dict[str, object]]) -> None:
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(life_events)
    connection.execute(made.on_conflict_do_nothing(index_elements=_KEY), rows)
