"""Inquiries that are to be cancelled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text, update

from kakehashi.ports.inquiries import CANCEL, CANCEL_MESSAGE
from kakehashi.ports.store_rules import WORKABLE
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.operators import decide_batch, write_down
from kakehashi_adapters.sql_store.tables import CANCELS, attempts, batches, decisions

__all__ = ["ask_cancel", "cancel_asked"]


def ask_cancel(connection: Connection, batch_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    row = connection.execute(
        select(batches.c.file_id, batches.c.state).where(batches.c.id == batch_id).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    if row.state == "parked":
        if not decide_batch(connection, batch_id, release=True, reason=reason, actor=actor, now=now):
            return False
    elif row.state not in WORKABLE:
        return False
    if cancel_asked(connection, batch_id) is None:
        write_down(connection, CANCEL, reason=reason, actor=actor, now=now, file_id=row.file_id, batch_id=batch_id)
    due = update(batches).where(batches.c.id == batch_id, batches.c.due.is_not(None))
    connection.execute(due.values(due=to_store(now)))
    return True


def cancel_asked(connection: Connection, batch_id: int) -> str | None:
    query = select(decisions.c.at, decisions.c.reason).where(decisions.c.batch_id == batch_id, text(CANCELS))
    asked = connection.execute(query.order_by(decisions.c.id.desc()).limit(1)).one_or_none()
    if asked is None:
        return None
    answered = select(attempts.c.no).where(
        attempts.c.batch_id == batch_id,
        attempts.c.message_id == CANCEL_MESSAGE,
        attempts.c.segment.is_not(None),
        attempts.c.sent_at >= asked.at,
    )
    return None if connection.execute(answered.limit(1)).one_or_none() else str(asked.reason)
