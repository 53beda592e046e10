"""Trouble of a broker or a store as an ordinary event: one line per 5 s, growing pauses, one line when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event

from kakehashi.errors import BrokerError, KakehashiError
from kakehashi.ports.clock import Clock
from kakehashi.runtime.events import EventLog

__all__ = ["Outage", "Quiet"]

_QUIET = timedelta(seconds=5)
_MOST = 1000
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class Quiet:
    """At most one line per 5 s about the same thing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spoken: dict[str, datetime] = {}

    def may_speak(self, about: str) -> bool:
        now = self._clock.now()
        last = self._spoken.get(about)
        if last is not None and timedelta(0) <= now - last < _QUIET:
            return False
        if len(self._spoken) >= _MOST:
            self._spoken.clear()
        self._spoken[about] = now
        return True


class Outage:
    """Of one loop. `failed` waits a little (or until `stop`), `worked` ends the outage."""

    def __init__(self, clock: Clock, events: EventLog, stop: Event) -> None:
        self._events = events
        self._stop = stop
        self._quiet = Quiet(clock)
        self._pause = _FIRST_PAUSE
        self._what = ""

    def failed(self, error: KakehashiError) -> None:
        self._what = "broker" if isinstance(error, BrokerError) else "store"
        if self._quiet.may_speak(self._what):
            self._events.emit(f"{self._what}.unavailable", code=error.fault.code)
        self._stop.wait(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def worked(self) -> None:
        if self._what:
            self._events.emit(f"{self._what}.recovered")
            self._what = ""
        self._pause = _FIRST_PAUSE
