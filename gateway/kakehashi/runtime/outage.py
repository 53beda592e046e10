"""Trouble of a broker or a store as an ordinary event: one line per 5 s, growing pauses, one line when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Lock

from kakehashi.errors import BrokerError, KakehashiError
from kakehashi.ports.clock import Clock
from kakehashi.runtime.events import EventLog

__all__ = ["Outage", "Quiet", "Rest", "Trouble"]

_QUIET = timedelta(seconds=5)
_MOST = 1000
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_FIRST_REST = timedelta(seconds=0.5)
_LONGEST_REST = timedelta(seconds=8)


class Quiet:
    """At most one line per 5 s about the same thing. For all threads of a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._spoken: dict[str, datetime] = {}

    def may_speak(self, about: str) -> bool:
        with self._lock:
            now = self._clock.now()
            last = self._spoken.get(about)
            if last is not None and timedelta(0) <= now - last < _QUIET:
                return False
            if len(self._spoken) >= _MOST:
                self._spoken.clear()
            self._spoken[about] = now
            return True


@dataclass(frozen=True, slots=True)
class Rest:
    """A pause after a failure that doubles with each further one."""

    until: datetime | None = None
    pause: timedelta = timedelta(0)

    def again(self, now: datetime) -> Rest:
        pause = min(max(2 * self.pause, _FIRST_REST), _LONGEST_REST)
        return Rest(now + pause, pause)

    def is_over(self, now: datetime) -> bool:
        """Also when the clock was set back meanwhile."""
        return self.until is None or not now < self.until <= now + self.pause


class Trouble:
    """Broker and store, as the loops of one process find them: told once for all of them."""

    def __init__(self, quiet: Quiet, events: EventLog) -> None:
        self._quiet = quiet
        self._events = events
        self._lock = Lock()
        self._without: dict[str, set[str]] = {"broker": set(), "store": set()}
        """What cannot be used → the loops that found it so."""

    def found(self, what: str, loop: str, code: str) -> None:
        with self._lock:
            self._without[what].add(loop)
        if self._quiet.may_speak(what):
            self._events.emit(f"{what}.unavailable", code=code)

    def over(self, what: str, loop: str) -> None:
        """It is over when every loop that found it has worked again."""
        with self._lock:
            self._without[what].discard(loop)
            over = not self._without[what]
        if over:
            self._events.emit(f"{what}.recovered")


class Outage:
    """Of one loop. `failed` waits a little (or until `stop`), `worked` ends the outage."""

    def __init__(self, loop: str, trouble: Trouble, stop: Event) -> None:
        self._loop = loop
        self._trouble = trouble
        self._stop = stop
        self._pause = _FIRST_PAUSE
        self._what: set[str] = set()

    def failed(self, error: KakehashiError) -> None:
        what = "broker" if isinstance(error, BrokerError) else "store"
        self._what.add(what)
        self._trouble.found(what, self._loop, error.fault.code)
        self._stop.wait(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def worked(self) -> None:
        while self._what:
            self._trouble.over(self._what.pop(), self._loop)
        self._pause = _FIRST_PAUSE
