"""A file comes in: once per lane and content. Its id is the ledger's next, or one that was given before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.batch import FileState
from kakehashi.errors import DuplicateContent, Overtaken
from kakehashi.ports.ledger import FileRow, NewBatch, NewFile, Refusal
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.outbox import insert_batches, new_batch
from kakehashi_adapters.sql_store.rows import FILE, file_row
from kakehashi_adapters.sql_store.sequences import next_sequences
from kakehashi_adapters.sql_store.tables import NEWEST_FILE_ID, fences, files, meta, refusals

__all__ = [
    "add_file",
    "add_refusal",
    "fence",
    "list_refusals",
    "newest_file_id",
    "next_file_id",
    "raise_newest_file_id",
]

_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(files).on_conflict_do_nothing().returning(*FILE),
    "postgresql": postgresql.insert(files).on_conflict_do_nothing().returning(*FILE),
}
_FENCE = {
    "sqlite": sqlite.insert(fences).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(fences).on_conflict_do_nothing(),
}
_REFUSE = {
    "sqlite": sqlite.insert(refusals).on_conflict_do_nothing(index_elements=["claim"]),
    "postgresql": postgresql.insert(refusals).on_conflict_do_nothing(index_elements=["claim"]),
}
_REFUSAL = tuple(column for column in refusals.c if column.name != "id")
_NEWEST = cast(meta.c.value, BigInteger)
_IS_NEWEST = meta.c.name == NEWEST_FILE_ID
_NEXT = (
    update(meta)
    .where(_IS_NEWEST)
    .values(value=cast(_NEWEST + bindparam("count", type_=BigInteger), Text))
    .returning(meta.c.value)
)
_RAISE = (
    update(meta)
    .where(_IS_NEWEST, bindparam("at_least", type_=BigInteger) > _NEWEST)
    .values(value=cast(bindparam("at_least", type_=BigInteger), Text))
)


def next_file_id(connection: Connection, count: int = 1) -> int:
    return int(connection.execute(_NEXT, {"count": count}).scalar_one()) - count + 1


def newest_file_id(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(_IS_NEWEST)).scalar_one())


def raise_newest_file_id(connection: Connection, at_least: int) -> None:
    connection.execute(_RAISE, {"at_least": at_least})


def add_file(
    connection: Connection, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]
) -> FileRow:
    file_id = file.id or next_file_id(connection)
    if file.before_first is None:
        at, extract = file.as_of or file.received_at, file.as_of is not None
        before_first = next_sequences(connection, file.records + 1, at=at, extract=extract)
    else:
        before_first = file.before_first
    values = _values(file, file_id, len(batches)) | {"before_first": before_first}
    row = connection.execute(_UNLESS_KNOWN[connection.dialect.name], values).one_or_none()
    if row is None:
        same = (files.c.lane == file.lane) & (files.c.digest == file.digest)
        known = select(files.c.id).where(same | (files.c.id == file_id)).order_by(same.desc()).limit(1)
        raise DuplicateContent(connection.execute(known).scalar_one())
    if connection.execute(select(fences.c.owner).where(fences.c.owner == file.owner)).first() is not None:
        raise Overtaken
    taken = file_row(row)
    batch_values = [
        new_batch(
            batch, file_id=taken.id, lane=taken.lane, request_id=request_id, now=taken.received_at, held=file.held
        )
        for batch, request_id in zip(batches, request_ids, strict=True)
    ]
    insert_batches(connection, batch_values)
    return taken


def _values(file: NewFile, file_id: int, batches: int) -> dict[str, object]:
    state = FileState.WORKING if batches else FileState.SETTLED
    return {
        "id": file_id,
        "lane": file.lane,
        "name": file.name,
        "digest": file.digest,
        "size": file.size,
        "records": file.records,
        "batches": batches,
        "state": (state if file.held is None else FileState.HELD).value,
        "code": file.held,
        "config_hash": file.config_hash,
        "received_at": to_store(file.received_at),
        "spool": file.spool,
        "why": file.why,
        "claim": file.claim,
        "as_of": file.as_of and to_store(file.as_of),
    }


def fence(connection: Connection, owner: str, *, now: datetime) -> None:
    connection.execute(_FENCE[connection.dialect.name], {"owner": owner, "fenced_at": to_store(now)})


def add_refusal(connection: Connection, refusal: Refusal) -> None:
    connection.execute(_REFUSE[connection.dialect.name], {**asdict(refusal), "at": to_store(refusal.at)})


def list_refusals(connection: Connection, *, lane: str | None, most: int) -> list[Refusal]:
    query = select(*_REFUSAL).order_by(refusals.c.id.desc()).limit(most)
    if lane is not None:
        query = query.where(refusals.c.lane == lane)
    return [Refusal(**{**row._asdict(), "at": from_store(row.at)}) for row in connection.execute(query)]
