"""What alarms ask of the ledger: what came in, and how much of what was settled lately is refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select, text

from kakehashi.ports.vigil import Flow, Settled
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.tables import SETTLED, batches, exceptions, files

__all__ = ["flow", "settled"]

_SUPERSEDED = "REF-002"


def flow(connection: Connection, lane: str, *, since: datetime) -> Flow:
    came = files.c.lane == lane, files.c.received_at >= to_store(since), files.c.state.not_in(["held", "refused"])
    query = select(func.count(), func.coalesce(func.sum(files.c.records), 0)).where(*came)
    count, records = connection.execute(query).one()
    return Flow(count, int(records))


def settled(connection: Connection, *, since: datetime) -> list[Settled]:
    lately = text(SETTLED), batches.c.updated_at >= to_store(since)
    retried = _excepted(exceptions.c.state == "retried")
    refused = _excepted(exceptions.c.state.in_(["refused", "discarded"]) & (exceptions.c.code != _SUPERSEDED))
    figures = (batches.c.records - retried).label("records"), refused.label("refused")
    lane = func.coalesce(batches.c.lane, "").label("lane")  # not by the index that has the lanes in order
    each = select(lane, *figures).where(*lately).subquery()
    query = select(each.c.lane, func.sum(each.c.records), func.sum(each.c.refused)).group_by(each.c.lane)
    return [
        Settled(lane, int(records), int(gone))
        for lane, records, gone in connection.execute(query.order_by(each.c.lane))
    ]


def _excepted(kind: ColumnElement[bool]) -> ColumnElement[int]:
    """How many exceptions of that kind a batch has; the exceptions of one that has none are not looked for."""
    count = select(func.count()).select_from(exceptions).where(exceptions.c.batch_id == batches.c.id, kind)
    return case((batches.c.excepted > 0, count.scalar_subquery()), else_=0)
