"""What happened to one record: refused, decided about, sent again, as often as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kakehashi.cli.context import Session
from kakehashi.cli.output import Cell
from kakehashi.ports.ledger import BatchRow, Decision, ExceptionRow
from kakehashi.ports.store import Store

__all__ = ["records_of", "tell_story"]

_COLUMNS = ("at", "event", "id", "code", "server_code", "by", "order", "items", "reason")
Line = tuple[Cell, ...]


def tell_story(session: Session, exception: ExceptionRow) -> None:
    """From the first batch that carried the record to what became of it at last."""
    session.output.rows(
        "What happened to the record", _COLUMNS, _lines(session.store, _first(session.store, exception))
    )


def records_of(store: Store, batch: BatchRow) -> str:
    """Which records of its file a batch holds; of records that are sent again there may be others between them."""
    again = [exception.record_no for exception in store.retried_in(batch.id)]
    last = again[-1] if again else batch.first_record + batch.records - 1
    told = f"{batch.first_record} to {last}"
    return f"{len(again)} of {told}" if again and len(again) <= last - batch.first_record else told


def _first(store: Store, exception: ExceptionRow) -> ExceptionRow:
    """The exception that the first batch of the record ended in."""
    while True:
        carried = store.retried_in(exception.batch_id)
        before = next((row for row in carried if row.record_no == exception.record_no), None)
        if before is None:
            return exception
        exception = before


def _lines(store: Store, exception: ExceptionRow) -> Iterator[Line]:
    file = store.file(exception.file_id)
    if file is not None:
        yield _line(file.received_at, "received", f"F{file.id}")
    batch, ended = store.batch(exception.batch_id), exception
    while batch is not None:
        yield from _messages(store, batch)
        yield _line(ended.created_at, "refused", f"E{ended.id}", ended.code, ended.server_code)
        for decision in store.decisions_about(ended.id):
            yield _decided(decision)
        batch = store.retried_as(ended.id)
        if batch is None:
            return
        yield from _sent_again(store, batch)
        again = [row for row in store.exceptions_of(batch.id) if row.record_no == exception.record_no]
        if not again:
            yield from _messages(store, batch)
            yield _line(batch.updated_at, batch.state.value, f"B{batch.id}", batch.code)
            return
        ended = again[0]


def _messages(store: Store, batch: BatchRow) -> Iterator[Line]:
    for attempt in store.attempts(batch.id):
        yield _line(attempt.sent_at, f"sent {attempt.message_id}", f"B{batch.id}", attempt.code)


def _sent_again(store: Store, batch: BatchRow) -> Iterator[Line]:
    correction = store.correction(batch.id)
    if correction is not None:
        items = " ".join(correction.items) or "*"
        yield (None, "corrected", f"B{batch.id}", None, None, None, None, items, None)


def _decided(decision: Decision) -> Line:
    order = None if decision.order_id is None else f"O{decision.order_id}"
    return (decision.at, decision.action, f"E{decision.exception_id}", None, None, decision.actor, order, None,
            decision.reason)  # fmt: skip


def _line(at: datetime, event: str, name: str, code: str | None = None, server_code: str | None = None) -> Line:
    return (at, event, name, code, server_code, None, None, None, None)
