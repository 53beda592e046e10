"""Records that were not accepted: one row per (batch, record)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.ports.ledger import NewException
from kakehashi_adapters.sql_store.households import add_members
from kakehashi_adapters.sql_store.symbol_waits import add_waits
from kakehashi_adapters.sql_store.tables import batches, exceptions

__all__ = ["add_exceptions"]

_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(exceptions).on_conflict_do_nothing(index_elements=["batch_id", "record_no"]),
    "postgresql": postgresql.insert(exceptions).on_conflict_do_nothing(index_elements=["batch_id", "record_no"]),
}
_RECOUNT = (
    update(batches)
    .where(batches.c.id == bindparam("batch"))
    .values(
        excepted=select(func.count())
        .select_from(exceptions)
        .where(exceptions.c.batch_id == bindparam("batch"))
        .scalar_subquery()
    )
    .returning(batches.c.excepted)
)


def add_exceptions(
    connection: Connection, new: Sequence[NewException], *, batch_id: int, file_id: int, lane: str, now: int
) -> int:
    """Write them; one that the record has already stays as it is. Returns how many the batch has in all."""
    values = [
        {
            "file_id": file_id,
            "batch_id": batch_id,
            "lane": lane,
            "record_no": exception.record_no,
            "code": exception.code,
            "server_code": exception.server_code,
            "item": exception.item,
            "byte_offset": exception.offset,
            "state": exception.state.value,
            "created_at": now,
            "changed_at": now,
            "key_id": exception.payload.key_id,
            "payload": exception.payload.body,
        }
        for exception in new
    ]
    connection.execute(_UNLESS_KNOWN[connection.dialect.name], values)
    add_waits(connection, new, batch_id=batch_id)
    add_members(connection, new, batch_id=batch_id)
    return int(connection.execute(_RECOUNT, {"batch": batch_id}).scalar_one())
