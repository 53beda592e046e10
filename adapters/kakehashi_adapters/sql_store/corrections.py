"""What operators did to single records. Corrected ones are sent again with other bytes, the first ones kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from kakehashi.ports.ledger import BatchRow, Decision, ExceptionRow
from kakehashi.ports.redrive import Correction
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.operators import redrive, write_down
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.rows import BATCH, DECISION, EXCEPTION, batch_row, decision_row, exception_row
from kakehashi_adapters.sql_store.tables import batches, corrections, decisions, exceptions, retries

__all__ = ["correct", "correction_of", "decisions_about", "note", "payloads", "retried_as", "retried_in"]


def correct(
    connection: Connection,
    exception_id: int,
    correction: Correction,
    *,
    request_id: str,
    reason: str,
    actor: str,
    now: datetime,
) -> BatchRow | None:
    made = redrive(
        connection, [exception_id], request_ids=[request_id], reason=reason, actor=actor, now=now, action="correct"
    )
    for row in made:
        values = {
            "batch_id": row.id,
            "items": "\n".join(correction.items),
            "config_hash": correction.config_hash,
            "key_id": correction.payload.key_id,
            "payload": correction.payload.body,
        }
        connection.execute(insert(corrections).values(values))
    return made[0] if made else None


def correction_of(connection: Connection, batch_id: int) -> Correction | None:
    row = connection.execute(select(corrections).where(corrections.c.batch_id == batch_id)).one_or_none()
    if row is None:
        return None
    return Correction(
        payload=Sealed(row.key_id, row.payload), items=tuple(row.items.splitlines()), config_hash=row.config_hash
    )


def retried_as(connection: Connection, exception_id: int) -> BatchRow | None:
    query = select(*BATCH).join(retries, retries.c.batch_id == batches.c.id)
    row = connection.execute(query.where(retries.c.exception_id == exception_id)).one_or_none()
    return None if row is None else batch_row(row)


def retried_in(connection: Connection, batch_id: int) -> list[ExceptionRow]:
    query = select(*EXCEPTION).join(retries, retries.c.exception_id == exceptions.c.id)
    query = query.where(retries.c.batch_id == batch_id).order_by(exceptions.c.record_no)
    return [exception_row(row) for row in connection.execute(query)]


def payloads(connection: Connection, exception_ids: Sequence[int]) -> dict[int, Sealed]:
    query = select(exceptions.c.id, exceptions.c.key_id, exceptions.c.payload)
    found: dict[int, Sealed] = {}
    for ids in portions(exception_ids):
        rows = connection.execute(query.where(exceptions.c.id.in_(ids), exceptions.c.payload.is_not(None)))
        found |= {row.id: Sealed(row.key_id, row.payload) for row in rows}
    return found


def decisions_about(connection: Connection, exception_id: int) -> list[Decision]:
    query = select(*DECISION).where(decisions.c.exception_id == exception_id).order_by(decisions.c.id)
    return [decision_row(row) for row in connection.execute(query)]


def note(connection: Connection, exception_id: int, *, action: str, reason: str, actor: str, now: datetime) -> bool:
    query = select(exceptions.c.file_id, exceptions.c.batch_id).where(exceptions.c.id == exception_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    write_down(
        connection,
        action,
        reason=reason,
        actor=actor,
        now=now,
        file_id=row.file_id,
        batch_id=row.batch_id,
        exception_id=exception_id,
    )
    return True
