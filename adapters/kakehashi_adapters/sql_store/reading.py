"""What is asked of the ledger, without changing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, select, text

from kakehashi.domain.batch import FileState, RecordState
from kakehashi.ports.ledger import Attempt, BatchRow, Cause, Decision, ExceptionRow, FileRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.by_lane import first_of
from kakehashi_adapters.sql_store.moment import from_store
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.rows import (
    ATTEMPT,
    BATCH,
    DECISION,
    EXCEPTION,
    FILE,
    attempt_row,
    batch_row,
    decision_row,
    exception_row,
    file_row,
)
from kakehashi_adapters.sql_store.tables import (
    UNRETURNED,
    attempts,
    batches,
    decisions,
    exceptions,
    files,
    results,
)

__all__ = [
    "PARKED",
    "attempts_of",
    "batch",
    "batches_of",
    "causes",
    "decisions_of",
    "exception",
    "exceptions_of",
    "file",
    "files_where",
    "find_request",
    "list_exceptions",
    "parked_batches",
    "payload",
    "result_of",
    "returnable",
]

_HELD = select(1).where(files.c.id == batches.c.file_id, files.c.state == FileState.HELD.value).exists()
PARKED = (text("batches.state = 'parked'"), ~_HELD)
"""Batches that are decided one by one; those of a held file are not."""

_RETURNABLE = select(files.c.id).where(text(UNRETURNED)).order_by(files.c.id)
_FILES = select(*FILE).where(files.c.id.in_(bindparam("ids", expanding=True)), text(UNRETURNED)).order_by(files.c.id)


def file(connection: Connection, file_id: int) -> FileRow | None:
    row = connection.execute(select(*FILE).where(files.c.id == file_id)).one_or_none()
    return None if row is None else file_row(row)


def files_where(connection: Connection, *, lane: str | None, state: FileState | None, most: int) -> list[FileRow]:
    query = select(*FILE).order_by(files.c.id.desc()).limit(most)
    if lane is not None:
        query = query.where(files.c.lane == lane)
    if state is not None:
        query = query.where(files.c.state == state.value)
    return [file_row(row) for row in connection.execute(query)]


def returnable(connection: Connection, *, lanes: Sequence[str], most: int) -> list[FileRow]:
    found = first_of(connection, _RETURNABLE, files.c.lane, lanes=lanes, most=most)
    rows: list[FileRow] = []
    for ids in portions(row.id for row in found):
        rows += map(file_row, connection.execute(_FILES, {"ids": ids}))
    return rows


def batch(connection: Connection, batch_id: int) -> BatchRow | None:
    row = connection.execute(select(*BATCH).where(batches.c.id == batch_id)).one_or_none()
    return None if row is None else batch_row(row)


def batches_of(connection: Connection, file_id: int) -> list[BatchRow]:
    query = select(*BATCH).where(batches.c.file_id == file_id).order_by(batches.c.seq)
    return [batch_row(row) for row in connection.execute(query)]


def parked_batches(connection: Connection, *, lane: str | None, most: int) -> list[BatchRow]:
    query = select(*BATCH).where(*PARKED).order_by(batches.c.id).limit(most)
    if lane is not None:
        query = query.where(batches.c.lane == lane)
    return [batch_row(row) for row in connection.execute(query)]


def find_request(connection: Connection, request_id: str) -> BatchRow | None:
    """By the batch's own request id first, then by that of a poll or a status query."""
    asked = select(attempts.c.batch_id).where(attempts.c.request_id == request_id).order_by(attempts.c.batch_id)
    for condition in (batches.c.request_id == request_id, batches.c.id == asked.limit(1).scalar_subquery()):
        row = connection.execute(select(*BATCH).where(condition)).one_or_none()
        if row is not None:
            return batch_row(row)
    return None


def attempts_of(connection: Connection, batch_id: int) -> list[Attempt]:
    query = (
        select(*ATTEMPT)
        .join_from(attempts, batches, attempts.c.batch_id == batches.c.id)
        .where(attempts.c.batch_id == batch_id)
        .order_by(attempts.c.no)
    )
    return [attempt_row(row) for row in connection.execute(query)]


def result_of(connection: Connection, batch_id: int) -> Sealed | None:
    query = select(results.c.key_id, results.c.body).where(results.c.batch_id == batch_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Sealed(row.key_id, row.body)


def exception(connection: Connection, exception_id: int) -> ExceptionRow | None:
    row = connection.execute(select(*EXCEPTION).where(exceptions.c.id == exception_id)).one_or_none()
    return None if row is None else exception_row(row)


def exceptions_of(connection: Connection, batch_id: int) -> list[ExceptionRow]:
    query = select(*EXCEPTION).where(exceptions.c.batch_id == batch_id).order_by(exceptions.c.record_no)
    return [exception_row(row) for row in connection.execute(query)]


def list_exceptions(
    connection: Connection, *, wanted: Mapping[str, str | None], states: Sequence[RecordState], most: int
) -> list[ExceptionRow]:
    query = select(*EXCEPTION).order_by(exceptions.c.id).limit(most)
    query = query.where(*(exceptions.c[name] == value for name, value in wanted.items() if value is not None))
    if states:
        query = query.where(exceptions.c.state.in_([state.value for state in states]))
    return [exception_row(row) for row in connection.execute(query)]


def payload(connection: Connection, exception_id: int) -> Sealed | None:
    query = select(exceptions.c.key_id, exceptions.c.payload).where(exceptions.c.id == exception_id)
    row = connection.execute(query).one_or_none()
    return None if row is None or row.payload is None else Sealed(row.key_id, row.payload)


def causes(connection: Connection) -> list[Cause]:
    group = (
        exceptions.c.lane,
        exceptions.c.code,
        exceptions.c.server_code,
        exceptions.c.item,
        exceptions.c.state,
    )
    figures = func.count(), func.min(exceptions.c.created_at), func.min(exceptions.c.id)
    query = select(*group, *figures).group_by(*group)
    found = [
        Cause(lane, code, server_code, item, RecordState(state), count, from_store(oldest), example)
        for lane, code, server_code, item, state, count, oldest, example in connection.execute(query)
    ]
    return sorted(found, key=lambda c: (-c.count, c.lane, c.code, c.server_code or "", c.item or "", c.state))


def decisions_of(connection: Connection, file_id: int) -> list[Decision]:
    query = select(*DECISION).where(decisions.c.file_id == file_id).order_by(decisions.c.id)
    return [decision_row(row) for row in connection.execute(query)]
