"""How the breakers stand: one row each, written when it changes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from kakehashi.domain.breaker import BreakerRow, BreakerState
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.tables import breakers

__all__ = ["breaker_rows", "note_breaker"]


def note_breaker(connection: Connection, row: BreakerRow) -> None:
    connection.execute(delete(breakers).where(breakers.c.name == row.name))
    values = {"name": row.name, "state": row.state.value, "since": to_store(row.since), "code": row.code}
    connection.execute(insert(breakers), values)


def breaker_rows(connection: Connection) -> list[BreakerRow]:
    return [
        BreakerRow(name=row.name, state=BreakerState(row.state), since=from_store(row.since), code=row.code)
        for row in connection.execute(select(breakers).order_by(breakers.c.name))
    ]
