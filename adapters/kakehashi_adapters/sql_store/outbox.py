"""Batches enter the ledger in state new, and leave for the broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, insert, literal_column, select, text, update
from sqlalchemy.exc import IntegrityError

from kakehashi.errors import StoreError
from kakehashi.ports.store import BatchRow, NewBatch
from kakehashi.ports.store_rules import IN_WORK, WORKABLE
from kakehashi_adapters.sql_store.fault import is_unique_violation
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.rows import BATCH, batch_row
from kakehashi_adapters.sql_store.tables import batches

__all__ = ["insert_batches", "mark_published", "new_batch", "publishable"]

_NEW = select(*BATCH).where(text("state = 'new'")).order_by(batches.c.id).limit(bindparam("most"))
_LOST = (
    select(*BATCH)
    .where(batches.c.due < bindparam("now"), batches.c.state.in_([state.value for state in IN_WORK]))
    .order_by(batches.c.id + literal_column("0"))  # the bare column would make SQLite walk the table in its order
    .limit(bindparam("most"))
)
_INSERT = insert(batches)
_IS_NEW = batches.c.state == literal_column("'new'")
_PUBLISHED = (
    update(batches)
    .where(
        batches.c.id.in_(bindparam("ids", expanding=True)),
        batches.c.state.in_([state.value for state in WORKABLE]),
    )
    .values(
        state=case((_IS_NEW, literal_column("'queued'")), else_=batches.c.state),
        due=case(
            (_IS_NEW | batches.c.due.is_(None) | (batches.c.due < bindparam("new_due")), bindparam("new_due")),
            else_=batches.c.due,
        ),
    )
)


def new_batch(
    batch: NewBatch,
    *,
    file_id: int,
    lane: str,
    request_id: str,
    now: datetime,
    held: str | None = None,
    redrive_of: int | None = None,
) -> dict[str, object]:
    """The values of a batch that nothing has happened to yet."""
    return {
        "file_id": file_id,
        "lane": lane,
        "seq": batch.seq,
        "first_record": batch.first_record,
        "records": batch.records,
        "byte_offset": batch.offset,
        "spool_offset": batch.spool_offset,
        "spool_length": batch.spool_length,
        "state": "new" if held is None else "parked",
        "turn": 0,
        "attempts": 0,
        "messages": 0,
        "excepted": 0,
        "accepted": 0,
        "request_id": request_id,
        "code": held,
        "updated_at": to_store(now),
        "redrive_of": redrive_of,
    }


def insert_batches(connection: Connection, values: Sequence[dict[str, object]]) -> None:
    """Raises StoreError(STO-005) for a request id that the ledger has already."""
    if not values:
        return
    try:
        connection.execute(_INSERT, values)
    except IntegrityError as error:
        if not is_unique_violation(error):
            raise
        taken = True
    else:
        taken = False
    if taken:
        raise StoreError("STO-005")


def publishable(connection: Connection, *, most: int, now: datetime) -> list[BatchRow]:
    new = connection.execute(_NEW, {"most": most})
    lost = connection.execute(_LOST, {"most": most, "now": to_store(now)})
    rows = sorted([batch_row(row) for result in (new, lost) for row in result], key=lambda row: row.id)
    return rows[:most]


def mark_published(connection: Connection, batch_ids: Sequence[int], *, due: datetime) -> None:
    for ids in portions(batch_ids):
        connection.execute(_PUBLISHED, {"ids": ids, "new_due": to_store(due)})
