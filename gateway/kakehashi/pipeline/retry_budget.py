"""「再試行枠」 Of all that a lane sends, only a part may be said for the second time."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

__all__ = ["RetryBudget"]

_WINDOW = timedelta(seconds=60)


class RetryBudget:
    """Of one lane over the last minute. Its caller holds a lock.

    `percent` of the sends may be retries; `least` a minute may be in any case, so that a quiet lane goes on.
    """

    def __init__(self, *, percent: int, least: int) -> None:
        self._percent = percent
        self._least = least
        self._sends: deque[tuple[datetime, bool]] = deque()
        self._retries = 0

    def allows(self, now: datetime) -> bool:
        """Whether one more retry may go."""
        self._forget(now)
        return self._retries < max(self._least, len(self._sends) * self._percent // 100)

    def count(self, now: datetime, *, retry: bool) -> None:
        self._forget(now)
        self._sends.append((now, retry))
        self._retries += retry

    def _forget(self, now: datetime) -> None:
        while self._sends and not timedelta(0) <= now - self._sends[0][0] < _WINDOW:
            self._retries -= self._sends.popleft()[1]
