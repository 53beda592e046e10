"""Rows of the tables as the port's dataclasses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, func

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.ledger import Attempt, BatchRow, Decision, ExceptionRow, FileRow
from kakehashi.ports.redrive import OrderRow
from kakehashi_adapters.sql_store import tables
from kakehashi_adapters.sql_store.moment import from_store

__all__ = [
    "ATTEMPT",
    "BATCH",
    "DECISION",
    "EXCEPTION",
    "FILE",
    "ORDER",
    "attempt_row",
    "batch_row",
    "decision_row",
    "exception_row",
    "file_row",
    "order_row",
]

FILE = tuple(column for column in tables.files.c if column.name != "returned_at")
BATCH = tuple(column for column in tables.batches.c if column.name not in {"messages", "excepted"})
EXCEPTION = tuple(column for column in tables.exceptions.c if column.name not in {"key_id", "payload"})
_BOUNDS = {"exceptions_to", "batches_to", "exceptions_at", "batches_at"}
ORDER = tuple(column for column in tables.orders.c if column.name not in _BOUNDS)
DECISION = tuple(column for column in tables.decisions.c if column.name != "id")
ATTEMPT: tuple[ColumnElement[Any], ...] = (
    *(column for column in tables.attempts.c if column.name != "request_id"),
    func.coalesce(tables.attempts.c.request_id, tables.batches.c.request_id).label("request_id"),
)


def file_row(row: Row[Any]) -> FileRow:
    values = row._asdict()
    values["state"] = FileState(values["state"])
    values["received_at"] = from_store(values["received_at"])
    values["as_of"] = from_store(values["as_of"])
    return FileRow(**values)


def batch_row(row: Row[Any]) -> BatchRow:
    values = row._asdict()
    values["offset"] = values.pop("byte_offset")
    values["state"] = BatchState(values["state"])
    values["due"] = from_store(values["due"])
    values["updated_at"] = from_store(values["updated_at"])
    return BatchRow(**values)


def exception_row(row: Row[Any]) -> ExceptionRow:
    values = row._asdict()
    values["offset"] = values.pop("byte_offset")
    values["state"] = RecordState(values["state"])
    values["created_at"] = from_store(values["created_at"])
    values["changed_at"] = from_store(values["changed_at"])
    return ExceptionRow(**values)


def attempt_row(row: Row[Any]) -> Attempt:
    values = row._asdict()
    values["sent_at"] = from_store(values["sent_at"])
    values["answered_at"] = from_store(values["answered_at"])
    return Attempt(**values)


def decision_row(row: Row[Any]) -> Decision:
    values = row._asdict()
    values["at"] = from_store(values["at"])
    return Decision(**values)


def order_row(row: Row[Any]) -> OrderRow:
    values = row._asdict()
    values["action"] = OrderAction(values["action"])
    values["state"] = OrderState(values["state"])
    for name in ("placed_at", "due", "changed_at"):
        values[name] = from_store(values[name])
    return OrderRow(**values)
