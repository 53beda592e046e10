"""Carries out what operators have ordered for whole groups of records: step by step, at its rate, whoever is killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.domain.redrive import OrderState
from kakehashi.ports.clock import Clock
from kakehashi.ports.ledger import FileRow
from kakehashi.ports.redrive import AT_ONCE, OrderRow
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog

__all__ = ["Redriving"]

_PAUSE = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Redriving:
    """Of the lanes of one scheduler; several may work on the same orders. New ones are looked for once a second.

    `lanes`: how many records a batch of each holds at most.
    `waiting`: retried records of a lane that may be on their way at once.
    """

    lanes: Mapping[str, int]
    store: Store
    clock: Clock
    events: EventLog
    waiting: int
    _open: list[OrderRow] = field(default_factory=list, init=False)
    _looked: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        """The next step of every order that is due; returns how many records were decided."""
        self._look()
        return sum(self._step(order) for order in self._open)

    def awaits(self, file: FileRow) -> bool:
        """Whether an order has still to decide something of the file: its result is written when that is over."""
        return any(order.lane == file.lane for order in self._open) and self.store.is_ordered(file.id)

    def _look(self) -> None:
        now = self.clock.now()
        if not self._open and self._looked is not None and timedelta(0) <= now - self._looked < _PAUSE:
            return
        self._open = [order for order in self.store.orders(state=OrderState.OPEN) if order.lane in self.lanes]
        self._looked = now

    def _step(self, order: OrderRow) -> int:
        now = self.clock.now()
        if not order.is_due(now):
            return 0
        moved = self.store.carry_out(
            order.id, batch_records=self.lanes[order.lane], most=AT_ONCE, waiting=self.waiting, now=now
        )
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
