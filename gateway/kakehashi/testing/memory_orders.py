"""The memory store's orders and corrections, and the transaction that every call of it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime

from kakehashi.domain.batch import BatchState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.errors import StoreError, StoreUnavailable
from kakehashi.ports.ledger import BatchRow, Decision, ExceptionRow
from kakehashi.ports.redrive import (
    BatchCause,
    Correction,
    NewOrder,
    OrderRow,
    pause_after,
    step_of,
    together,
)
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store_rules import ENDED
from kakehashi.testing.memory_ledger import Ledger
from kakehashi.testing.memory_order import MemoryOrder, covers, covers_batch
from kakehashi.testing.memory_redrive import redrive, redrive_together, retried_in

__all__ = ["MemoryOrderBook"]


class MemoryOrderBook:
    """See `kakehashi.ports.redrive.OrderBook`."""

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._lock = threading.RLock()
        self._closed = False
        self.failure: StoreError | None = None

    @contextmanager
    def _transaction(self) -> Iterator[Ledger]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable
            if self.failure is not None:
                raise self.failure
            yield self._ledger

    def parked_causes(self) -> list[BatchCause]:
        with self._transaction() as ledger:
            groups: dict[tuple[str, str], list[BatchRow]] = {}
            for row in ledger.parked_batches():
                groups.setdefault((row.lane, row.code or ""), []).append(row)
            causes = [
                BatchCause(
                    *key,
                    batches=len(rows),
                    records=sum(map(ledger.unexcepted, rows)),
                    oldest=min(row.updated_at for row in rows),
                    example=rows[0].id,
                )
                for key, rows in groups.items()
            ]
            return sorted(causes, key=lambda cause: (-cause.records, cause.lane, cause.code))

    def place_order(self, order: NewOrder) -> OrderRow:
        with self._transaction() as ledger:
            records = [row.id for row in ledger.exceptions.values() if ledger.is_open(row.id) and covers(order, row)]
            wholes = [row for row in ledger.parked_batches() if covers_batch(order, row)]
            letters = (order.most or 0) if order.action is OrderAction.LETTERS else None
            row = OrderRow(
                **asdict(order),
                id=len(ledger.orders) + 1,
                state=OrderState.OPEN if letters is None else OrderState.DONE,
                selected=len(records) + sum(map(ledger.unexcepted, wholes)) if letters is None else letters,
                done=letters or 0,
                due=order.placed_at,
                changed_at=order.placed_at,
            )
            ledger.orders[row.id] = MemoryOrder(
                row=row,
                exceptions_to=max(records, default=0),
                batches_to=max((row.id for row in wholes), default=0),
            )
            return row

    def orders(self, *, state: OrderState | None = None) -> list[OrderRow]:
        with self._transaction() as ledger:
            return [order.row for order in ledger.orders.values() if state in (None, order.row.state)]

    def carry_out(
        self, order_id: int, *, batch_records: int, most: int, waiting: int, now: datetime
    ) -> OrderRow | None:
        with self._transaction() as ledger:
            order = ledger.orders.get(order_id)
            if order is None or not order.row.is_due(now):
                return None
            size = together(order.row, batch_records=batch_records, most=most, waiting=waiting)
            room = waiting - _on_their_way(ledger, order.row.lane)
            limit = step_of(order.row, size=size, most=most, room=room)
            if limit == 0:
                return None
            moved = _step(ledger, order, limit=limit, size=size, now=now)
            ended = moved.exceptions_at >= moved.exceptions_to and moved.batches_at >= moved.batches_to
            ended = ended or (moved.row.most is not None and moved.row.done >= moved.row.most)
            pause = pause_after(moved.row, moved.row.done - order.row.done)
            row = replace(
                moved.row, state=OrderState.DONE if ended else OrderState.OPEN, due=now + pause, changed_at=now
            )
            ledger.orders[order_id] = replace(moved, row=row)
            return row

    def stop_order(self, order_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        with self._transaction() as ledger:
            order = ledger.orders.get(order_id)
            if order is None or order.row.state is not OrderState.OPEN:
                return False
            row = replace(order.row, state=OrderState.STOPPED, stopped_by=actor, stop_reason=reason, changed_at=now)
            ledger.orders[order_id] = replace(order, row=row)
            return True

    def is_ordered(self, file_id: int) -> bool:
        with self._transaction() as ledger:
            rows = [row for row in ledger.exceptions.values() if row.file_id == file_id and ledger.is_open(row.id)]
            pending = [order for order in ledger.orders.values() if order.row.state is OrderState.OPEN]
            return any(
                order.exceptions_at < row.id <= order.exceptions_to and covers(order.row, row)
                for order in pending
                for row in rows
            )

    def correct(
        self, exception_id: int, correction: Correction, *, request_id: str, reason: str, actor: str, now: datetime
    ) -> BatchRow | None:
        with self._transaction() as ledger:
            made = redrive(ledger, {exception_id: request_id}, action="correct", reason=reason, actor=actor, now=now)
            ledger.corrections |= {row.id: correction for row in made}
            return made[0] if made else None

    def correction(self, batch_id: int) -> Correction | None:
        with self._transaction() as ledger:
            return ledger.corrections.get(batch_id)

    def retried_as(self, exception_id: int) -> BatchRow | None:
        with self._transaction() as ledger:
            return ledger.batches.get(ledger.retries.get(exception_id, 0))

    def retried_in(self, batch_id: int) -> list[ExceptionRow]:
        with self._transaction() as ledger:
            return retried_in(ledger, batch_id)

    def households_in(self, batch_id: int) -> Mapping[int, int]:
        with self._transaction() as ledger:
            carried = retried_in(ledger, batch_id)
            return {row.record_no: ledger.households[row.id][1] for row in carried if row.id in ledger.households}

    def household_of(self, exception_id: int) -> list[ExceptionRow]:
        with self._transaction() as ledger:
            home = ledger.households.get(exception_id)
            rows = [ledger.exceptions[number] for number, its in ledger.households.items() if its == home]
            return sorted(rows, key=lambda row: (row.record_no, row.id))

    def payloads(self, exception_ids: Sequence[int]) -> Mapping[int, Sealed]:
        with self._transaction() as ledger:
            return {number: ledger.payloads[number] for number in exception_ids if number in ledger.payloads}

    def decisions_about(self, exception_id: int) -> list[Decision]:
        with self._transaction() as ledger:
            return [decision for decision in ledger.decisions if decision.exception_id == exception_id]

    def note(self, exception_id: int, *, action: str, reason: str, actor: str, now: datetime) -> bool:
        with self._transaction() as ledger:
            row = ledger.exceptions.get(exception_id)
            if row is None:
                return False
            ledger.note(row, action=action, reason=reason, actor=actor, now=now)
            return True


def _on_their_way(ledger: Ledger, lane: str) -> int:
    rows = (row for row in ledger.batches.values() if row.lane == lane and row.redrive_of is not None)
    return sum(row.records for row in rows if row.state not in (*ENDED, BatchState.PARKED))


def _step(ledger: Ledger, order: MemoryOrder, *, limit: int, size: int, now: datetime) -> MemoryOrder:
    row = order.row
    ahead = (e for e in list(ledger.exceptions.values()) if order.exceptions_at < e.id <= order.exceptions_to)
    ids = [e.id for e in ahead if ledger.is_open(e.id) and covers(row, e)][:limit]
    done, whole = _decide(ledger, row, ids, size=size, now=now), len(ids) < limit
    order = replace(order, exceptions_at=order.exceptions_to if whole else ids[-1])
    if order.exceptions_at >= order.exceptions_to:
        batches = [b for b in ledger.parked_batches() if order.batches_at < b.id <= order.batches_to]
        for batch in [b for b in batches if covers_batch(row, b)]:
            if done >= limit:
                break
            records = ledger.unexcepted(batch)
            release = row.action is OrderAction.RETRY
            ledger.decide_batch(batch.id, release=release, order_id=row.id, reason=row.reason, actor=row.actor, now=now)
            done += records
            order = replace(order, batches_at=batch.id)
        if done < limit:
            order = replace(order, batches_at=order.batches_to)
    return replace(order, row=replace(row, done=row.done + done))


def _decide(ledger: Ledger, row: OrderRow, ids: list[int], *, size: int, now: datetime) -> int:
    if row.action is OrderAction.DISCARD:
        return ledger.discard_all(ids, order_id=row.id, reason=row.reason, actor=row.actor, now=now)
    return redrive_together(ledger, row, ids, size=size, now=now)
