"""Batches enter the ledger in state new, and leave for the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, case, func, insert, literal_column, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from kakehashi.domain.batch import BatchState
from kakehashi.errors import StoreError
from kakehashi.ports.ledger import BatchRow, NewBatch
from kakehashi.ports.store_rules import FAR_AHEAD, IN_WORK, KEPT_AHEAD, WORKABLE
from kakehashi_adapters.sql_store.by_lane import first_of
from kakehashi_adapters.sql_store.fault import is_unique_violation
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.rows import BATCH, batch_row
from kakehashi_adapters.sql_store.tables import UNHEARD, URGENT, batches

__all__ = ["in_work", "insert_batches", "mark_published", "new_batch", "publishable"]

_NEW = select(batches.c.id).where(text("state = 'new'")).order_by(batches.c.id)
_URGENT = select(batches.c.id).where(text(URGENT)).order_by(batches.c.id)
_UNHEARD = select(batches.c.due, batches.c.id).where(text(UNHEARD)).order_by(batches.c.due, batches.c.id)
_PASSED = _UNHEARD.where(batches.c.due <= bindparam("now"))
_AHEAD = _UNHEARD.where(batches.c.due > bindparam("far"), batches.c.updated_at > bindparam("now"))
"""Two queries: with one for both, each call would walk through everything that is in work."""

_COUNT = select(func.count()).select_from(batches).where(text(UNHEARD), batches.c.lane == bindparam("of_lane"))
_BY_ID = select(*BATCH).where(batches.c.id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(batches)
_IS_NEW = batches.c.state == literal_column("'new'")
_PUBLISHED = (
    update(batches)
    .where(
        batches.c.id.in_(bindparam("ids", expanding=True)),
        batches.c.turn == bindparam("in_turn"),
        batches.c.state.in_([state.value for state in WORKABLE]),
    )
    .values(
        state=case((_IS_NEW, literal_column("'queued'")), else_=batches.c.state),
        due=case(
            (
                or_(
                    _IS_NEW,
                    batches.c.due.is_(None),
                    batches.c.due < bindparam("new_due"),
                    and_(batches.c.due > bindparam("kept"), batches.c.updated_at > bindparam("new_due")),
                ),
                bindparam("new_due"),
            ),
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
    part_of: int | None = None,
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
        "part_of": part_of,
        "urgent": batch.urgent,
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


def publishable(
    connection: Connection, *, lost: bool, lanes: Sequence[str], most: int, now: datetime
) -> list[BatchRow]:
    if not lost:
        queries = (_URGENT, _NEW)
        new = [row.id for each in queries for row in first_of(connection, each, batches.c.lane, lanes=lanes, most=most)]
        return _still(connection, list(dict.fromkeys(new))[:most], (BatchState.NEW,))
    times = {"now": to_store(now), "far": to_store(now + FAR_AHEAD)}
    found = first_of(connection, _PASSED, batches.c.lane, lanes=lanes, most=most, **times)
    if len(found) < most:
        found += first_of(connection, _AHEAD, batches.c.lane, lanes=lanes, most=most - len(found), **times)
    return _still(connection, [row.id for row in found], IN_WORK)


def _still(connection: Connection, batch_ids: Sequence[int], states: Sequence[BatchState]) -> list[BatchRow]:
    """The batches in this order, without those that have moved on since they were found (PostgreSQL shows that)."""
    rows: dict[int, BatchRow] = {}
    for ids in portions(batch_ids):
        rows |= {row.id: batch_row(row) for row in connection.execute(_BY_ID, {"ids": ids})}
    return [rows[batch_id] for batch_id in batch_ids if rows[batch_id].state in states]


def in_work(connection: Connection, *, lanes: Sequence[str]) -> int:
    return sum(connection.execute(_COUNT, {"of_lane": lane}).scalar_one() for lane in sorted(set(lanes)))


def mark_published(connection: Connection, turns: Mapping[int, int], *, due: datetime) -> None:
    of_turn: dict[int, list[int]] = {}
    for batch_id in sorted(turns):
        of_turn.setdefault(turns[batch_id], []).append(batch_id)
    values = {"new_due": to_store(due), "kept": to_store(due + KEPT_AHEAD)}
    for turn, batch_ids in of_turn.items():
        for ids in portions(batch_ids):
            connection.execute(_PUBLISHED, {"ids": ids, "in_turn": turn, **values})
