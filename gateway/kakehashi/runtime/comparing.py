"""The scheduler's part in what systems and registry say of the same person: from time to time all is compared anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.pipeline.rematch import Rematch, rematching
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.runtime.events import EventLog

__all__ = ["Comparing"]

_PAUSE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Comparing:
    """「定期再照合」 Who dies in between leaves it to the next one, who begins again. Of a claim somebody is asked
    once.

    `every`: how long after the last time; zero: never.
    """

    links: LinkStore
    sealer: Sealer
    clock: Clock
    events: EventLog
    every: timedelta
    _steps: Iterator[None] | None = field(default=None, init=False)
    _found: dict[str, Rematch] = field(default_factory=dict, init=False)
    _looked: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        """One step. Returns 0, so that its caller rests: it has days. Raises SealError, StoreError."""
        if self._steps is None:
            now = self.clock.now()
            if not self._due(now):
                return 0
            self._found = {}
            self._steps = rematching(self.links, self.sealer, self._found, system=None, now=now)
        steps, self._steps = self._steps, None
        for _ in steps:
            self._steps = steps
            return 0
        self._tell()
        return 0

    def _due(self, now: datetime) -> bool:
        if not self.every or (self._looked is not None and timedelta(0) <= now - self._looked < _PAUSE):
            return False
        self._looked = now
        last = self.links.compared_at()
        return last is None or not timedelta(0) <= now - last < self.every

    def _tell(self) -> None:
        for name in sorted(self._found):
            each = self._found[name]
            counts = {key: getattr(each, key) for key in ("compared", "same", "asked", "frozen", "unknown")}
            self.events.emit("links.drifting" if each.asked or each.frozen else "links.compared", system=name, **counts)
