"""Once an hour the ledger forgets what is past keeping, and says so."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta

from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog

__all__ = ["Sweeping"]

_EVERY = timedelta(hours=1)
_AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class Sweeping:
    """`keep`: how long refusals and ended leases are known."""

    store: Store
    clock: Clock
    events: EventLog
    keep: timedelta
    _next: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        """A little at a time: nobody waits for the ledger meanwhile. Returns how many rows went."""
        now = self.clock.now()
        if self._next is not None and now < self._next <= now + _EVERY:
            return 0
        swept = self.store.sweep(before=now - self.keep, most=_AT_ONCE)
        if max(astuple(swept)) < _AT_ONCE:
            self._next = now + _EVERY
        if any(astuple(swept)):
            self.events.emit("ledger.swept", refusals=swept.refusals, leases=swept.leases, bodies=swept.bodies)
        return sum(astuple(swept))
