"""How inquiries were answered."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.ports.inquiries import OutcomeCount, Outcomes, check_outcomes
from kakehashi_adapters.sql_store.inquiry_tables import inquiry_outcomes
from kakehashi_adapters.sql_store.tables import batches

__all__ = ["add_outcomes", "outcomes"]


def add_outcomes(connection: Connection, batch_id: int, found: Outcomes, *, accepted: int) -> None:
    check_outcomes(found, accepted=accepted)
    rows = [{"batch_id": batch_id, "outcome": each.value, "records": records} for each, records in found.items()]
    if rows:
        connection.execute(insert(inquiry_outcomes), rows)


def outcomes(connection: Connection, *, file_id: int | None) -> list[OutcomeCount]:
    o, b = inquiry_outcomes.c, batches.c
    if file_id is None:
        query = select(b.lane, o.outcome, func.sum(o.records)).join_from(inquiry_outcomes, batches, b.id == o.batch_id)
        rows = connection.execute(query.group_by(b.lane, o.outcome).order_by(b.lane, o.outcome))
        return [OutcomeCount(lane, None, InquiryOutcome(outcome), int(records)) for lane, outcome, records in rows]
    of_file = select(b.lane, o.batch_id, o.outcome, o.records).join_from(batches, inquiry_outcomes, b.id == o.batch_id)
    of_file = of_file.where(b.file_id == file_id).order_by(o.batch_id, o.outcome)
    return [OutcomeCount(lane, batch, InquiryOutcome(how), n) for lane, batch, how, n in connection.execute(of_file)]
