"""「要求頻度」 How many requests a second a simulator takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

__all__ = ["Rate"]


class Rate:
    """At most `per_second` in any second; 0: no limit. Thread-safe."""

    def __init__(self, per_second: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._clock = clock
        self._lock = Lock()
        self._taken: deque[float] = deque()

    def exceeded(self) -> bool:
        """Whether this request is one too many; if not, it counts."""
        if not self.per_second:
            return False
        now = self._clock()
        with self._lock:
            while self._taken and self._taken[0] <= now - 1:
                self._taken.popleft()
            if len(self._taken) >= self.per_second:
                return True
            self._taken.append(now)
        return False
