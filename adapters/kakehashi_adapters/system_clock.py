"""The clock of production: the only place that asks the operating system for the time of day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

__all__ = ["JAPAN", "SystemClock"]

JAPAN = timezone(timedelta(hours=9), "JST")
"""Japan Standard Time has no daylight saving since 1951: a fixed offset needs no time zone data."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(JAPAN)

    def sleep(self, duration: timedelta) -> None:
        time.sleep(max(duration.total_seconds(), 0.0))
