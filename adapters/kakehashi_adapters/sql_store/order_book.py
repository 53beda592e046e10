"""The part of the Store that knows orders and corrections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from kakehashi.domain.redrive import OrderState
from kakehashi.ports.ledger import BatchRow, Decision, ExceptionRow
from kakehashi.ports.redrive import BatchCause, Correction, NewOrder, OrderRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store import corrections, households, orders
from kakehashi_adapters.sql_store.database import Database

__all__ = ["SqlOrderBook"]

T = TypeVar("T")


class SqlOrderBook:
    """See `kakehashi.ports.redrive.OrderBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._database.read(work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._database.write(work)

    def parked_causes(self) -> list[BatchCause]:
        return self._read(orders.parked_causes)

    def place_order(self, order: NewOrder) -> OrderRow:
        return self._write(lambda c: orders.place_order(c, order))

    def orders(self, *, state: OrderState | None = None) -> list[OrderRow]:
        return self._read(partial(orders.list_orders, state=state))

    def carry_out(
        self, order_id: int, *, batch_records: int, most: int, waiting: int, now: datetime
    ) -> OrderRow | None:
        return self._write(
            lambda c: orders.carry_out(c, order_id, batch_records=batch_records, most=most, waiting=waiting, now=now)
        )

    def stop_order(self, order_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        return self._write(lambda c: orders.stop_order(c, order_id, reason=reason, actor=actor, now=now))

    def is_ordered(self, file_id: int) -> bool:
        return self._read(lambda c: orders.is_ordered(c, file_id))

    def correct(
        self, exception_id: int, correction: Correction, *, request_id: str, reason: str, actor: str, now: datetime
    ) -> BatchRow | None:
        return self._write(
            lambda c: corrections.correct(
                c, exception_id, correction, request_id=request_id, reason=reason, actor=actor, now=now
            )
        )

    def correction(self, batch_id: int) -> Correction | None:
        return self._read(lambda c: corrections.correction_of(c, batch_id))

    def retried_as(self, exception_id: int) -> BatchRow | None:
        return self._read(lambda c: corrections.retried_as(c, exception_id))

    def households_in(self, batch_id: int) -> Mapping[int, int]:
        return self._read(lambda c: households.households_in(c, batch_id))

    def household_of(self, exception_id: int) -> list[ExceptionRow]:
        return self._read(lambda c: households.household_of(c, exception_id))

    def retried_in(self, batch_id: int) -> list[ExceptionRow]:
        return self._read(lambda c: corrections.retried_in(c, batch_id))

    def payloads(self, exception_ids: Sequence[int]) -> Mapping[int, Sealed]:
        return self._read(lambda c: corrections.payloads(c, exception_ids))

    def decisions_about(self, exception_id: int) -> list[Decision]:
        return self._read(lambda c: corrections.decisions_about(c, exception_id))

    def note(self, exception_id: int, *, action: str, reason: str, actor: str, now: datetime) -> bool:
        return self._write(
            lambda c: corrections.note(c, exception_id, action=action, reason=reason, actor=actor, now=now)
        )
