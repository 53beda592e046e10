"""Trouble of a broker or a store as an ordinary event: one line per 5 s, growing pauses, one line when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event

from kakehashi.errors import BrokerError, KakehashiError
from kakehashi.ports.clock import Clock
from kakehashi.runtime.events import EventLog

__all__ = ["Outage"]

_QUIET = timedelta(seconds=5)
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class Outage:
    """Of one loop. `failed` waits a little (or until `stop`), `worked` ends the outage."""

    def __init__(self, clock: Clock, events: EventLog, stop: Event) -> None:
        self._clock = clock
        self._events = events
        self._stop = stop
        self._pause = _FIRST_PAUSE
        self._last_line: datetime | None = None
        self._what = ""

    def failed(self, error: KakehashiError) -> None:
        self._what = "broker" if isinstance(error, BrokerError) else "store"
        now = self._clock.now()
        if self._last_line is None or now - self._last_line >= _QUIET:
            self._events.emit(f"{self._what}.unavailable", code=error.fault.code)
            self._last_line = now
        self._stop.wait(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def worked(self) -> None:
        if self._last_line is not None:
            self._events.emit(f"{self._what}.recovered")
            self._last_line = None
        self._pause = _FIRST_PAUSE
