"""What the ledger forgets, so that it does not grow for ever by what nobody needs any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, literal_column, select

from kakehashi.ports.ledger import Swept
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.tables import ENDED, batches, fences, part_bodies, refusals

__all__ = ["sweep"]


def sweep(connection: Connection, *, before: datetime, most: int) -> Swept:
    old_refusals = select(refusals.c.id).where(refusals.c.at < to_store(before)).limit(most)
    old_fences = select(fences.c.owner).where(fences.c.fenced_at < to_store(before)).limit(most)
    ended = batches.c.id == part_bodies.c.batch_id
    bodies = select(part_bodies.c.batch_id).join(batches, ended).where(literal_column(ENDED)).limit(most)
    return Swept(
        refusals=connection.execute(delete(refusals).where(refusals.c.id.in_(old_refusals))).rowcount,
        leases=connection.execute(delete(fences).where(fences.c.owner.in_(old_fences))).rowcount,
        bodies=connection.execute(delete(part_bodies).where(part_bodies.c.batch_id.in_(bodies))).rowcount,
    )
