"""A file comes in: once per lane and content. Its id is the ledger's next, or one that was given before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.batch import FileState
from kakehashi.errors import DuplicateContent
from kakehashi.ports.ledger import FileRow, NewBatch, NewFile
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.outbox import insert_batches, new_batch
from kakehashi_adapters.sql_store.rows import FILE, file_row
from kakehashi_adapters.sql_store.tables import NEWEST_FILE_ID, files, meta

__all__ = ["add_file", "newest_file_id", "next_file_id", "raise_newest_file_id"]

_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(files).on_conflict_do_nothing().returning(*FILE),
    "postgresql": postgresql.insert(files).on_conflict_do_nothing().returning(*FILE),
}
_NEWEST = cast(meta.c.value, BigInteger)
_IS_NEWEST = meta.c.name == NEWEST_FILE_ID
_NEXT = update(meta).where(_IS_NEWEST).values(value=cast(_NEWEST + 1, Text)).returning(meta.c.value)
_RAISE = (
    update(meta)
    .where(_IS_NEWEST, bindparam("at_least", type_=BigInteger) > _NEWEST)
    .values(value=cast(bindparam("at_least", type_=BigInteger), Text))
)


def next_file_id(connection: Connection) -> int:
    return int(connection.execute(_NEXT).scalar_one())


def newest_file_id(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(_IS_NEWEST)).scalar_one())


def raise_newest_file_id(connection: Connection, at_least: int) -> None:
    connection.execute(_RAISE, {"at_least": at_least})


def add_file(
    connection: Connection, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]
) -> FileRow:
    file_id = file.id or next_file_id(connection)
    values = _values(file, file_id, len(batches))
    row = connection.execute(_UNLESS_KNOWN[connection.dialect.name], values).one_or_none()
    if row is None:
        same = (files.c.lane == file.lane) & (files.c.digest == file.digest)
        known = select(files.c.id).where(same | (files.c.id == file_id)).order_by(same.desc()).limit(1)
        raise DuplicateContent(connection.execute(known).scalar_one())
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
    }
