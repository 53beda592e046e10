"""What becomes of a breaker is told in the ledger, where schedulers and operators see it, and as an event."""

from __future__ import annotations

from kakehashi.domain.breaker import BreakerRow, BreakerState
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet

__all__ = ["BreakerNotes"]


class BreakerNotes:
    """Of one process. One call at a time."""

    def __init__(self, store: Store, events: EventLog, quiet: Quiet) -> None:
        self._store = store
        self._events = events
        self._quiet = quiet
        self._open: set[str] = set()

    def note(self, row: BreakerRow) -> None:
        """Raises StoreError; nothing was told then. Probes that fail are told at most every five seconds."""
        self._store.note_breaker(row)
        match row.state:
            case BreakerState.CLOSED:
                self._open.discard(row.name)
                self._events.emit("breaker.closed", name=row.name)
            case BreakerState.HALF_OPEN if self._quiet.may_speak(f"probe {row.name}"):
                self._events.emit("breaker.half_open", name=row.name)
            case BreakerState.OPEN if row.name not in self._open:
                self._open.add(row.name)
                self._events.emit("breaker.opened", name=row.name, code=row.code)
