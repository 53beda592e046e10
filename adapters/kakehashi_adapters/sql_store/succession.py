"""What came before a batch, and how often somebody began with it and was never heard of again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_

from kakehashi.ports.ledger import BatchRow
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.tables import UNENDED, batches, tries

__all__ = ["begin_try", "end_tries", "has_earlier", "tries_of"]

_EARLIER = (
    select(1)
    .where(
        batches.c.lane == bindparam("of_lane"),
        text(UNENDED),
        tuple_(batches.c.file_id, batches.c.id) < tuple_(bindparam("of_file"), bindparam("batch")),
        batches.c.state != "parked",
    )
    .limit(1)
)
_TRIES = select(tries.c.batch_id, tries.c.times).join_from(
    tries, batches, (tries.c.batch_id == batches.c.id) & (tries.c.turn == batches.c.turn)
)
_BEGIN = text(
    "INSERT INTO tries (batch_id, turn, times) VALUES (:batch, :in_turn, 1) ON CONFLICT (batch_id) DO UPDATE"
    " SET times = CASE WHEN tries.turn = excluded.turn THEN tries.times + 1 ELSE 1 END, turn = excluded.turn"
)


def has_earlier(connection: Connection, batch: BatchRow) -> bool:
    asked = {"of_lane": batch.lane, "of_file": batch.file_id, "batch": batch.id}
    return connection.execute(_EARLIER, asked).first() is not None


def begin_try(connection: Connection, batch_id: int, *, turn: int) -> None:
    connection.execute(_BEGIN, {"batch": batch_id, "in_turn": turn})


def tries_of(connection: Connection, batch_ids: Sequence[int]) -> Mapping[int, int]:
    found: dict[int, int] = {}
    for ids in portions(batch_ids):
        rows = connection.execute(_TRIES.where(tries.c.batch_id.in_(ids)))
        found.update({batch_id: times for batch_id, times in rows})  # noqa: C416  # rows, which dict() would not type
    return found


def end_tries(connection: Connection, batch_ids: Sequence[int]) -> None:
    for ids in portions(batch_ids):
        connection.execute(delete(tries).where(tries.c.batch_id.in_(ids)))
