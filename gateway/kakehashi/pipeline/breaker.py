"""「遮断器」 After some failures in a row nobody is sent there; then one probe at a time, in growing pauses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kakehashi.domain.breaker import BreakerRow, BreakerState

__all__ = ["Breaker", "BreakerRule", "Probe"]

_AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """`failures` in a row open it; the pauses between two probes grow from `first` to `most`."""

    failures: int = 5
    first: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(seconds=30)


class Probe:
    """Who tries a breaker that is not closed."""


class Breaker:
    """Of one destination. Its caller holds a lock; `changed` hears of each change of state, within it."""

    def __init__(self, name: str, rule: BreakerRule, since: datetime, changed: Callable[[BreakerRow], None]) -> None:
        self.row = BreakerRow(name=name, state=BreakerState.CLOSED, since=since)
        self._changed = changed
        self._rule = rule
        self._failures = 0
        self._pause = rule.first
        self._until = since
        self._probe: Probe | None = None

    def resume(self, row: BreakerRow) -> None:
        """Go on where an earlier process stood: what was open is probed first."""
        if row.state is not BreakerState.CLOSED:
            self.row = replace(row, state=BreakerState.OPEN)

    @property
    def is_closed(self) -> bool:
        return self.row.state is BreakerState.CLOSED

    def hold(self, now: datetime) -> timedelta:
        """How long to stay away; zero: go, as the probe when it is not closed."""
        match self.row.state:
            case BreakerState.CLOSED:
                return _AT_ONCE
            case BreakerState.HALF_OPEN:
                return self._rule.first
            case BreakerState.OPEN:
                wait = self._until - now
                return wait if _AT_ONCE < wait <= self._rule.most else _AT_ONCE  # longer: the clock was set back

    def age(self, now: datetime) -> timedelta:
        """How long it has not been closed."""
        return _AT_ONCE if self.is_closed else max(now - self.row.since, _AT_ONCE)

    def probe(self) -> Probe:
        self._probe = Probe()
        self._become(replace(self.row, state=BreakerState.HALF_OPEN))
        return self._probe

    def give_back(self, probe: Probe, now: datetime) -> None:
        """The probe was not needed: another may go at once."""
        if self._probe is probe and self.row.state is BreakerState.HALF_OPEN:
            self._until, self._probe = now, None
            self._become(replace(self.row, state=BreakerState.OPEN))

    def succeeded(self, now: datetime) -> bool:
        """True when this has closed it."""
        self._failures = 0
        if self.is_closed:
            return False
        self._pause, self._probe = self._rule.first, None
        self._become(BreakerRow(name=self.row.name, state=BreakerState.CLOSED, since=now))
        return True

    def failed(self, now: datetime, code: str) -> None:
        """What was under way when it opened says nothing new."""
        match self.row.state:
            case BreakerState.CLOSED:
                self._failures += 1
                if self._failures < self._rule.failures:
                    return
                self._pause = self._rule.first
                self._become(BreakerRow(name=self.row.name, state=BreakerState.OPEN, since=now, code=code))
            case BreakerState.HALF_OPEN:
                self._pause = min(self._pause * 2, self._rule.most)
                self._probe = None
                self._become(replace(self.row, state=BreakerState.OPEN))
            case BreakerState.OPEN:
                return
        self._until = now + self._pause * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret

    def _become(self, row: BreakerRow) -> None:
        self.row = row
        self._changed(row)
