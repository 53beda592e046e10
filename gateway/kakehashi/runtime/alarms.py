"""When an operator is called: an alarm is told when it begins and when it ends, not in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.domain.alarm import Alarm
from kakehashi.ports.clock import Clock
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.watch import Watch

__all__ = ["Alarms"]

_PAUSE = timedelta(seconds=60)


@dataclass(kw_only=True)
class Alarms:
    """Looks once a minute. Each scheduler tells its own; after a restart what still holds is told again."""

    watch: Watch
    clock: Clock
    events: EventLog
    _ringing: dict[tuple[str, str, str, str], Alarm] = field(default_factory=dict, init=False)
    _looked: datetime | None = field(default=None, init=False)

    def look(self) -> None:
        """Raises StoreError; what it has not told then, it tells the next time."""
        now = self.clock.now()
        if self._looked is not None and timedelta(0) <= now - self._looked < _PAUSE:
            return
        found = {alarm.key: alarm for alarm in self.watch.ringing(now)}
        self._looked = now
        for key in sorted(found.keys() - self._ringing.keys()):
            alarm = found[key]
            self.events.emit("alarm.raised", **_named(alarm), number=alarm.number, limit=alarm.limit)
        for key in sorted(self._ringing.keys() - found.keys()):
            self.events.emit("alarm.cleared", **_named(self._ringing[key]))
        self._ringing = found


def _named(alarm: Alarm) -> dict[str, str | None]:
    return {"lane": alarm.lane, "code": alarm.code, "about": alarm.about, "place": alarm.place}
