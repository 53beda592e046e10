"""「模擬時計」 A simulator's own time: it goes with the real one, and can be set ahead: days pass in a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["SimulatedClock"]


class SimulatedClock:
    """Seconds since 1970. Thread-safe."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._ahead = 0.0

    def now(self) -> float:
        with self._lock:
            return self.source() + self._ahead

    def set(self, given: Mapping[str, object]) -> object:
        """POST /clock: `advance_seconds`. Raises ValueError for anything else."""
        seconds = given.get("advance_seconds")
        if set(given) != {"advance_seconds"} or not isinstance(seconds, int | float) or seconds < 0:
            raise ValueError("advance_seconds, a number from 0, is expected")
        with self._lock:
            self._ahead += seconds
        return {"now": self.now()}
