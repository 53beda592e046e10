"""A clock that moves when it is told to, or when somebody sleeps on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from kakehashi.domain.japan_time import JST

__all__ = ["MemoryClock"]


class MemoryClock:
    """Starts at the given instant. `slept` lists every sleep asked for; none of them takes time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = (start or datetime(2026, 4, 1, 9, 0, tzinfo=JST)).astimezone(JST)
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration)
        self.advance(max(duration, timedelta()))

    def advance(self, duration: timedelta) -> None:
        """Also backwards: clocks are set."""
        self._now += duration
