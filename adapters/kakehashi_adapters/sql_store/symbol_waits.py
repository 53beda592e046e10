"""Records that wait for a symbol, written with their exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.ports.ledger import NewException
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.symbol_tables import symbol_waits
from kakehashi_adapters.sql_store.tables import exceptions

__all__ = ["add_waits"]


def add_waits(connection: Connection, new: Sequence[NewException], *, batch_id: int) -> None:
    persons = {each.record_no: each.person for each in new if each.person is not None}
    for numbers in portions(persons):
        query = select(exceptions.c.id, exceptions.c.record_no).where(
            exceptions.c.batch_id == batch_id, exceptions.c.record_no.in_(numbers), exceptions.c.state == "waiting"
        )
        rows = [{"exception_id": row.id, "person": persons[row.record_no]} for row in connection.execute(query)]
        if rows:
            made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(symbol_waits)
            connection.execute(made.on_conflict_do_nothing(index_elements=["exception_id"]), rows)
