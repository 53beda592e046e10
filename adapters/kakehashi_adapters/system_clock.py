"""The clock of production: the only place that asks the operating system for the time of day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from kakehashi.domain.japan_time import JST

__all__ = ["SystemClock"]


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(JST)

    def sleep(self, duration: timedelta) -> None:
        time.sleep(max(duration.total_seconds(), 0.0))
