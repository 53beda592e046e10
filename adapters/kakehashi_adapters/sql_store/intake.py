"""A file comes in: once per lane and content."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.batch import FileState
from kakehashi.errors import DuplicateContent
from kakehashi.ports.ledger import FileRow, NewBatch, NewFile
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.outbox import insert_batches, new_batch
from kakehashi_adapters.sql_store.rows import FILE, file_row
from kakehashi_adapters.sql_store.tables import files

__all__ = ["add_file"]

_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(files).on_conflict_do_nothing(index_elements=["lane", "digest"]).returning(*FILE),
    "postgresql": postgresql.insert(files).on_conflict_do_nothing(index_elements=["lane", "digest"]).returning(*FILE),
}


def add_file(
    connection: Connection, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]
) -> FileRow:
    row = connection.execute(_UNLESS_KNOWN[connection.dialect.name], _values(file, len(batches))).one_or_none()
    if row is None:
        known = select(files.c.id).where(files.c.lane == file.lane, files.c.digest == file.digest)
        raise DuplicateContent(connection.execute(known).scalar_one())
    taken = file_row(row)
    values = [
        new_batch(
            batch, file_id=taken.id, lane=taken.lane, request_id=request_id, now=taken.received_at, held=file.held
        )
        for batch, request_id in zip(batches, request_ids, strict=True)
    ]
    insert_batches(connection, values)
    return taken


def _values(file: NewFile, batches: int) -> dict[str, object]:
    state = FileState.WORKING if batches else FileState.SETTLED
    return {
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
