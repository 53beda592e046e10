"""「流量」 When the next request may go: the server's rate, and a slow start after the server was away."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

__all__ = ["Pace"]

_BUCKET = 10
_REMEMBERED = 60
_STEP = timedelta(seconds=5)
_FIRST_SHARE, _LAST_SHARE = 0.5, 2.0
_EASE = timedelta(seconds=10)
_FARTHEST = timedelta(minutes=2)
"""A slot farther away was given out before the clock was set back."""


class Pace:
    """Hands out slots, evenly spaced. Its caller holds a lock.

    `most`: requests a second, 0 for no limit. `usual`: what a second is taken to bear where nothing busier was seen.
    After `start_slowly` half of the usual rate, then all of it, then twice as much and never more, until nobody has had
    to wait for ten seconds. The usual rate is the busiest ten seconds of the ten minutes before, or before `left`.
    """

    def __init__(self, *, most: float, usual: float) -> None:
        self._most = most
        self._least_usual = usual
        self._usual = usual
        self._before = 0.0
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._next: datetime | None = None
        self._began: datetime | None = None
        self._waited: datetime | None = None

    def left(self, now: datetime) -> None:
        """From now on, for however long, nothing but probes goes: what was usual until now will be usual after."""
        self._before = max(self._busiest(now), 0.0 if self._began is None else self._usual)

    def start_slowly(self, now: datetime) -> None:
        self._usual = max(self._busiest(now), self._before, self._least_usual)
        self._began = self._waited = now
        self._before = 0.0

    def _busiest(self, now: datetime) -> float:
        oldest = int(now.timestamp()) // _BUCKET - _REMEMBERED
        return max((count for bucket, count in self._seen if bucket >= oldest), default=0) / _BUCKET

    def wait(self, now: datetime) -> timedelta:
        """Take the next slot; how long it is until then."""
        rate = self._rate(now)
        if not rate:
            self._count(now)
            return timedelta(0)
        at = max(self._next or now, now)
        if at - now > _FARTHEST:
            at = now
        self._next = at + timedelta(seconds=1 / rate)
        if at > now and self._began is not None:
            self._waited = at
        self._count(at)
        return at - now

    def _rate(self, now: datetime) -> float:
        if self._began is None or self._waited is None:
            return self._most
        if now - self._waited > _EASE or now < self._began:
            self._began = None
            return self._most
        steps = (now - self._began) // _STEP
        share = min(_FIRST_SHARE * float(2**steps), _LAST_SHARE)
        return min(self._usual * share, self._most) if self._most else self._usual * share

    def _count(self, at: datetime) -> None:
        bucket = int(at.timestamp()) // _BUCKET
        if self._seen and self._seen[-1][0] == bucket:
            self._seen[-1] = (bucket, self._seen[-1][1] + 1)
        else:
            self._seen.append((bucket, 1))
