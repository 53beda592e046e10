"""「照会結果の再確認」 What was in process when its file went back is looked for again, until it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from kakehashi.domain.batch import RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.clock import Clock
from kakehashi.ports.redrive import NewOrder
from kakehashi.ports.store import Store

__all__ = ["LookingAgain"]

_ACTOR: Final = "inquiries"
_IN_PROCESS: Final = "SRV-021"
_REASON: Final = "its result was still in process"
_PAUSE: Final = timedelta(seconds=30)
"""Until the result of the file, without this, has gone back; and between two looks."""


@dataclass(slots=True, kw_only=True)
class LookingAgain:
    """Places an order, as an operator would; several may run. `per_second`: records of an order."""

    lanes: Sequence[str]
    store: Store
    clock: Clock
    per_second: int
    _looked: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        """How many records were ordered."""
        now = self.clock.now()
        if not self.lanes or (self._looked is not None and timedelta(0) <= now - self._looked < _PAUSE):
            return 0
        self._looked = now
        return sum(self._order(lane, now) for lane in self.lanes if self._waits(lane, now))

    def _waits(self, lane: str, now: datetime) -> bool:
        oldest = self.store.exceptions(lane=lane, code=_IN_PROCESS, states=[RecordState.WAITING], most=1)
        return bool(oldest) and now - oldest[0].changed_at >= _PAUSE and not self._is_ordered(lane)

    def _is_ordered(self, lane: str) -> bool:
        return any((each.lane, each.code) == (lane, _IN_PROCESS) for each in self.store.orders(state=OrderState.OPEN))

    def _order(self, lane: str, now: datetime) -> int:
        order = NewOrder(
            lane=lane,
            action=OrderAction.RETRY,
            reason=_REASON,
            actor=_ACTOR,
            per_second=self.per_second,
            placed_at=now,
            code=_IN_PROCESS,
        )
        return self.store.place_order(order).selected
