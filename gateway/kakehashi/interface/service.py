"""「サービス時間」「計画停止」 When the server takes messages: weekly hours, and the calendar of days that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from kakehashi.domain.japan_time import JST

__all__ = ["DayKind", "ServiceHours", "SpecialTime", "special_time"]

_LOOKS = 1000
_SOME_DAY = timedelta(days=1)


class DayKind(StrEnum):
    """`holiday`: whole days without service; `maintenance`: 計画停止; `open`: service outside the weekly hours.

    Maintenance goes before open, open before holiday, holiday before the weekly hours.
    """

    HOLIDAY = "holiday"
    MAINTENANCE = "maintenance"
    OPEN = "open"


class SpecialTime(NamedTuple):
    """「暦の例外」 From `begin` to before `end`, both aware."""

    kind: DayKind
    begin: datetime
    end: datetime


def special_time(kind: str, begin: str, end: str) -> SpecialTime | None:
    """A row of the calendar table, Japan time: dates (`end` is the last day) or minutes. None: no such time."""
    try:
        first, last = (datetime.fromisoformat(text).replace(tzinfo=JST) for text in (begin, end))
    except ValueError:
        return None
    if len(end) == len("2026-01-01"):
        last += timedelta(days=1)
    return SpecialTime(DayKind(kind), first, last) if first < last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours:
    """「サービス時間」 Japan time; weekdays 0 (Monday) to 6. `close` None: until midnight."""

    open: time
    close: time | None
    days: frozenset[int]
    calendar: Sequence[SpecialTime] = ()

    def is_open(self, now: datetime) -> bool:
        """Whether the server takes messages at the aware time `now`."""
        kinds = {kind for kind, begin, end in self.calendar if begin <= now < end} if self.calendar else ()
        if DayKind.MAINTENANCE in kinds:
            return False
        return DayKind.OPEN in kinds or (DayKind.HOLIDAY not in kinds and self._in_the_week(now))

    def is_holiday(self, day: date) -> bool:
        """Whether the calendar names the day as one without service."""
        at = datetime.combine(day, time(), JST)
        return any(kind is DayKind.HOLIDAY and begin <= at < end for kind, begin, end in self.calendar)

    def next_opening(self, now: datetime) -> datetime:
        """The earliest time from `now` on at which it is open; a day later where the calendar never opens again."""
        at = now
        for _ in range(_LOOKS):
            if self.is_open(at):
                return at
            edges = [edge for _, begin, end in self.calendar for edge in (begin, end) if edge > at]
            at = min([self._next_in_the_week(at), *edges])
        return now + _SOME_DAY

    def _in_the_week(self, now: datetime) -> bool:
        local = now.astimezone(JST)
        clock = local.time()
        return local.weekday() in self.days and self.open <= clock and (self.close is None or clock < self.close)

    def _next_in_the_week(self, now: datetime) -> datetime:
        local = now.astimezone(JST)
        openings = (datetime.combine(local.date() + timedelta(days=n), self.open, JST) for n in range(9))
        return next(at for at in openings if at > local and at.weekday() in self.days)
