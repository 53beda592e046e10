"""A batch that is split: its records go to batches of their own, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Row, func, insert, select, update

from kakehashi.ports.ledger import Exchange, NewBatch, NewPart
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store_rules import check_parts
from kakehashi_adapters.sql_store.characters import forget_degraded
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.outbox import insert_batches, new_batch
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.replicas import forget_replicas
from kakehashi_adapters.sql_store.tables import batches, exceptions, files, part_bodies, retries
from kakehashi_adapters.sql_store.work import add_exchange, locked_in_turn

__all__ = ["part_body", "split"]


def split(
    connection: Connection,
    batch_id: int,
    *,
    turn: int,
    parts: Sequence[NewPart],
    code: str,
    now: datetime,
    exchange: Exchange | None,
) -> bool:
    add_exchange(connection, batch_id, exchange, now=now)
    row = locked_in_turn(connection, batch_id, turn)
    if row is None:
        return False
    check_parts(parts, records=row.records, excepted=row.excepted)
    ended = {"state": "settled", "code": code, "due": None, "records": row.excepted, "updated_at": to_store(now)}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(ended))
    forget_replicas(connection, batch_id)
    forget_degraded(connection, batch_id)
    _add_parts(connection, batch_id, parts, row=row, now=now)
    return True


def _retried(connection: Connection, batch_id: int) -> list[int]:
    """The exceptions whose records the batch carries again and was to send, by record number."""
    refused = select(exceptions.c.record_no).where(exceptions.c.batch_id == batch_id)
    query = select(exceptions.c.id).join(retries, retries.c.exception_id == exceptions.c.id)
    query = query.where(retries.c.batch_id == batch_id, exceptions.c.record_no.not_in(refused))
    return list(connection.execute(query.order_by(exceptions.c.record_no)).scalars())


def _add_parts(
    connection: Connection,
    batch_id: int,
    parts: Sequence[NewPart],
    *,
    row: Row[int, str, int, int, bool],
    now: datetime,
) -> None:
    file_id = row.file_id
    # The file's row is locked, so that nobody else gives out the same seq; last of all, as everywhere.
    connection.execute(select(files.c.id).where(files.c.id == file_id).with_for_update())
    newest = select(func.max(batches.c.seq)).where(batches.c.file_id == file_id)
    left = iter(_retried(connection, batch_id))
    retried = [list(islice(left, part.records)) for part in parts]
    numbered = enumerate(zip(parts, retried, strict=True), start=connection.execute(newest).scalar_one() + 1)
    values = [
        new_batch(
            NewBatch(
                seq=seq,
                first_record=part.first_record,
                records=part.records,
                offset=part.offset,
                spool_offset=0,
                spool_length=0,
                urgent=row.urgent,
            ),
            file_id=file_id,
            lane=row.lane,
            request_id=part.request_id,
            now=now,
            redrive_of=its[0] if its else None,
            part_of=batch_id,
        )
        for seq, (part, its) in numbered
    ]
    insert_batches(connection, values)
    made = select(batches.c.request_id, batches.c.id).where(batches.c.part_of == batch_id, batches.c.file_id == file_id)
    ids = {row.request_id: row.id for row in connection.execute(made)}
    bodies = [{"batch_id": ids[part.request_id], "key_id": part.body.key_id, "body": part.body.body} for part in parts]
    connection.execute(insert(part_bodies), bodies)
    for part, its in zip(parts, retried, strict=True):
        for some in portions(its):
            moved = update(retries).where(retries.c.exception_id.in_(some))
            connection.execute(moved.values(batch_id=ids[part.request_id]))


def part_body(connection: Connection, batch_id: int) -> Sealed | None:
    query = select(part_bodies.c.key_id, part_bodies.c.body).where(part_bodies.c.batch_id == batch_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Sealed(row.key_id, row.body)
