"""Carries out what operators have ordered for whole groups of records: step by step, at its rate, whoever is killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakehashi.domain.redrive import OrderState
from kakehashi.ports.clock import Clock
from kakehashi.ports.ledger import FileRow
from kakehashi.ports.redrive import AT_ONCE, OrderRow
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog

__all__ = ["Redriving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriving:
    """Of the lanes of one scheduler; several may work on the same orders.

    `waiting`: retried records of a lane that may be on their way at once.
    """

    lanes: Sequence[str]
    store: Store
    clock: Clock
    events: EventLog
    waiting: int

    def run_once(self) -> int:
        """The next step of every order that is due; returns how many records were decided."""
        return sum(self._step(order) for order in self._open())

    def awaits(self, file: FileRow) -> bool:
        """Whether an order has still to decide something of the file: its result is written when that is over."""
        return any(order.lane == file.lane for order in self._open()) and self.store.is_ordered(file.id)

    def _open(self) -> list[OrderRow]:
        return [order for order in self.store.orders(state=OrderState.OPEN) if order.lane in self.lanes]

    def _step(self, order: OrderRow) -> int:
        now = self.clock.now()
        if not order.is_due(now):
            return 0
        moved = self.store.carry_out(order.id, most=AT_ONCE, waiting=self.waiting, now=now)
        if moved is None:
            return 0
        event = "order.ended" if moved.state is OrderState.DONE else "order.advanced"
        self.events.emit(
            event,
            lane=moved.lane,
            order_id=moved.id,
            action=moved.action.value,
            code=moved.code,
            records=moved.done,
            selected=moved.selected,
        )
        return moved.done - order.done
