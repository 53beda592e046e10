"""「着信予定」 When a lane's files should have come: the newest deadline that has passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from kakehashi.config.route_settings import ExpectSettings
from kakehashi.domain.japan_time import JST

__all__ = ["last_deadline"]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOK_BACK: Final = 31
"""Days; a lane that is expected less often than once a month has no daily deadline."""


def last_deadline(expect: ExpectSettings, now: datetime, *, is_holiday: Callable[[date], bool]) -> datetime | None:
    """Japan time. None: no day of the last month was one on which files are expected."""
    local = now.astimezone(JST)
    by = time.fromisoformat(expect.by)
    for back in range(_LOOK_BACK):
        day = local.date() - timedelta(days=back)
        at = datetime.combine(day, by, JST)
        free = expect.holidays == "free" and is_holiday(day)
        if at <= local and _DAYS[day.weekday()] in expect.days and not free:
            return at
    return None
