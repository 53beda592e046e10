"""When an operator is called: a lane whose oldest record waits too long, or that has parked records or held files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.config.settings import AlarmSettings
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog

__all__ = ["Alarms"]

_PAUSE = timedelta(seconds=60)


@dataclass(kw_only=True)
class Alarms:
    """Derived from the ledger once a minute. An alarm is told when it begins and when it ends, not in between.

    Each scheduler tells its own; after a restart what still holds is told again.
    """

    lanes: Sequence[str]
    store: Store
    settings: AlarmSettings
    clock: Clock
    events: EventLog
    _ringing: set[tuple[str, str]] = field(default_factory=set, init=False)
    _looked: datetime | None = field(default=None, init=False)

    def look(self) -> None:
        """Raises StoreError; what it has not told then, it tells the next time."""
        now = self.clock.now()
        if self._looked is not None and timedelta(0) <= now - self._looked < _PAUSE:
            return
        found = {(lane, about): number for lane, about, number in self._found(now) if lane in self.lanes}
        self._looked = now
        for lane, about in sorted(found.keys() - self._ringing):
            self.events.emit("alarm.raised", lane=lane, about=about, number=found[lane, about])
        for lane, about in sorted(self._ringing - found.keys()):
            self.events.emit("alarm.cleared", lane=lane, about=about)
        self._ringing = set(found)

    def _found(self, now: datetime) -> Iterator[tuple[str, str, int]]:
        """(lane, what about, how many minutes or records)."""
        for lane in self.store.counts():
            waited = now - lane.oldest_waiting if lane.oldest_waiting else timedelta(0)
            minutes = waited // timedelta(minutes=1)
            if minutes >= self.settings.oldest_waiting_minutes:
                yield lane.lane, "oldest_waiting_minutes", minutes
        parked = dict.fromkeys(self.lanes, 0)
        for cause in self.store.causes():
            if cause.state is RecordState.PARKED:
                parked[cause.lane] = parked.get(cause.lane, 0) + cause.count
        wholes = [(row.lane, row.records) for row in self.store.parked_batches()]
        wholes += [(row.lane, row.records) for row in self.store.files(state=FileState.HELD)]
        for name, records in wholes:
            parked[name] = parked.get(name, 0) + max(records, 1)  # a held file may hold none
        for name, records in parked.items():
            if records >= self.settings.parked_records:
                yield name, "parked_records", records
