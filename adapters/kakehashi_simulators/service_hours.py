"""「運用時間」 When the server is open, by day of the week in Japan time and the simulator's clock."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence

__all__ = ["DAYS", "WeeklyHours", "read_hours"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MINUTES = 24 * 60
_JAPAN_SECONDS = 9 * 60 * 60


class WeeklyHours:
    """Spans of minutes by weekday (0: Monday). Without any: open always."""

    def __init__(self, spans: Mapping[int, Sequence[tuple[int, int]]] | None = None) -> None:
        self._spans = dict(spans or {})

    def is_open(self, seconds: float) -> bool:
        """`seconds` since 1970."""
        if not self._spans:
            return True
        japan = time.gmtime(seconds + _JAPAN_SECONDS)
        minute = japan.tm_hour * 60 + japan.tm_min
        return any(begin <= minute < end for begin, end in self._spans.get(japan.tm_wday, ()))


def read_hours(table: Mapping[str, Sequence[str]]) -> WeeklyHours:
    """`mon = ["08:00-20:00"]`; a day that is not named is closed. Raises ValueError."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for day, texts in table.items():
        if day not in DAYS:
            raise ValueError(f"a day is one of {' '.join(DAYS)}")
        spans[DAYS.index(day)] = [_span(text) for text in texts]
    return WeeklyHours(spans)


def _span(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError("hours are written HH:MM-HH:MM")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if not begin < end <= _DAY_MINUTES:
        raise ValueError("hours begin before they end, on the same day, at 24:00 at the latest")
    return begin, end
