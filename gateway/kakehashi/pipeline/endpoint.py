"""「接続先」 The server as all lanes of a process share it: whether a batch may go there now, and how fast.

What belongs to whom: no connection, and an HTTP status of overload or failure, are the endpoint's; a time-out or an
answer that is none may be one lane's message alone, and is the endpoint's when two lanes meet it. An answer of the
interface, whatever it says of its message, proves that the server is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from kakehashi.domain.breaker import WHOLE_ENDPOINT, BreakerRow
from kakehashi.errors import OutcomeUnknown, ServerError, ServerRefused, StoreError
from kakehashi.interface.service import ServiceHours
from kakehashi.pipeline.breaker import Breaker, BreakerRule, Probe
from kakehashi.pipeline.pace import Pace
from kakehashi.pipeline.retry_budget import RetryBudget
from kakehashi.ports.clock import Clock
from kakehashi.ports.server import ServerClient

__all__ = ["Endpoint", "EndpointRules", "Hold", "Pass"]

_Reply = TypeVar("_Reply")
_OF_THE_MESSAGE = frozenset({400, 413, 415, 422})
_LONGEST_ASKED = timedelta(hours=1)
_LONGEST_HOLD = timedelta(minutes=10)
_BUDGET_HOLD = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRules:
    """`requests_per_second` and `connections`: this process' part of what the server allows; 0 requests: no limit."""

    breaker: BreakerRule = field(default_factory=BreakerRule)
    requests_per_second: float = 0
    connections: int = 1
    retry_percent: int = 10
    retries_least: int = 60


@dataclass(frozen=True, slots=True)
class Hold:
    """A batch that may not go now: when to ask again, and the code that says why. It is no attempt."""

    after: timedelta
    code: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A batch that may go; `leave` gives it back."""

    probes: tuple[tuple[Breaker, Probe], ...] = ()


class Endpoint:
    """Thread-safe. `changed` hears of each change of a breaker, in any thread but one at a time; when it raises
    StoreError it hears of it again. `known`: how the breakers stood when the last process ended.
    """

    def __init__(
        self,
        client: ServerClient,
        clock: Clock,
        service: ServiceHours,
        rules: EndpointRules,
        *,
        changed: Callable[[BreakerRow], None] = lambda _: None,
        known: Sequence[BreakerRow] = (),
    ) -> None:
        self.client = client
        self.service = service
        self._clock = clock
        self._rules = rules
        self._changed = changed
        self._lock = Lock()
        self._telling = Lock()
        self._news: deque[BreakerRow] = deque()
        self._pace = Pace(most=rules.requests_per_second, usual=rules.connections)
        self._breakers: dict[str, Breaker] = {}
        self._budgets: dict[str, RetryBudget] = {}
        self._doubtful: set[str] = set()
        """Lanes whose newest exchange may have failed for the endpoint's sake or their own."""
        self._not_before: datetime | None = None
        self._closed = False
        for row in known:
            self._breaker(row.name).resume(row)

    def enter(self, lane: str, *, retry: bool) -> Hold | Pass:
        """Ask before anything of a batch is sent, and before its attempt is written down."""
        now = self._clock.now()
        with self._lock:
            found = self._hold(lane, now, retry=retry)
            if found is not None:
                return found
            self._budget(lane).count(now, retry=retry)
            wary = [each for each in self._both(lane) if not each.is_closed]
            passed = Pass(tuple((breaker, breaker.probe()) for breaker in wary))
        self._tell()
        return passed

    def leave(self, passed: Pass) -> None:
        """What was to be sent is sent, or was not sent after all."""
        if passed.probes:
            with self._lock:
                for breaker, probe in passed.probes:
                    breaker.give_back(probe, self._clock.now())
            self._tell()

    def exchange(self, lane: str, call: Callable[[], _Reply]) -> _Reply:
        """Wait for a slot of the rate, then `call`, and learn from how it ends. Raises what it raises."""
        with self._lock:
            wait = self._pace.wait(self._clock.now())
        if wait:
            self._clock.sleep(wait)
        try:
            reply = call()
        except ServerError as error:
            with self._lock:
                self._failed(lane, error, self._clock.now())
            self._tell()
            raise
        with self._lock:
            self._succeeded(lane, self._clock.now())
        self._tell()
        return reply

    def _hold(self, lane: str, now: datetime, *, retry: bool) -> Hold | None:
        if not self.service.is_open(now):
            if not self._closed:
                self._pace.left(now)
            self._closed = True
            return Hold(self.service.next_opening(now) - now, "SRV-010")
        if self._closed:
            self._closed = False
            self._pace.start_slowly(now)
        if self._not_before is not None and timedelta(0) < self._not_before - now <= _LONGEST_ASKED:
            return Hold(self._not_before - now, "SRV-013")
        for breaker in self._both(lane):
            hold = breaker.hold(now)
            if hold:
                return Hold(max(hold, min(breaker.age(now) / 2, _LONGEST_HOLD)), "SRV-013")
        probing = not all(breaker.is_closed for breaker in self._both(lane))
        if retry and not probing and not self._budget(lane).allows(now):
            return Hold(_BUDGET_HOLD, "SRV-014")
        return None

    def _failed(self, lane: str, error: ServerError, now: datetime) -> None:
        was_closed = self._breaker(WHOLE_ENDPOINT).is_closed
        self._count_failure(lane, error, now)
        if was_closed and not self._breaker(WHOLE_ENDPOINT).is_closed:
            self._pace.left(now)

    def _count_failure(self, lane: str, error: ServerError, now: datetime) -> None:
        endpoint, code = self._breaker(WHOLE_ENDPOINT), error.fault.code
        match error:
            case ServerRefused(status=status) if status in _OF_THE_MESSAGE:
                self._succeeded(lane, now)
            case OutcomeUnknown():
                self._doubtful.add(lane)
                self._breaker(lane).failed(now, code)
                if len(self._doubtful) > 1 or not endpoint.is_closed:
                    endpoint.failed(now, code)
            case _:
                if isinstance(error, ServerRefused) and error.retry_after:
                    asked = min(timedelta(seconds=error.retry_after), _LONGEST_ASKED)
                    self._not_before = max(self._not_before or now, now + asked)
                endpoint.failed(now, code)

    def _succeeded(self, lane: str, now: datetime) -> None:
        self._doubtful.clear()
        if self._breaker(WHOLE_ENDPOINT).succeeded(now):
            self._pace.start_slowly(now)
        self._breaker(lane).succeeded(now)

    def _both(self, lane: str) -> tuple[Breaker, Breaker]:
        return self._breaker(lane), self._breaker(WHOLE_ENDPOINT)

    def _breaker(self, name: str) -> Breaker:
        if name not in self._breakers:
            self._breakers[name] = Breaker(name, self._rules.breaker, self._clock.now(), self._news.append)
        return self._breakers[name]

    def _budget(self, lane: str) -> RetryBudget:
        if lane not in self._budgets:
            rules = self._rules
            self._budgets[lane] = RetryBudget(percent=rules.retry_percent, least=rules.retries_least)
        return self._budgets[lane]

    def _tell(self) -> None:
        """Outside the lock: whoever listens may write to a disk. Not told now is told the next time."""
        if not self._news:
            return
        with self._telling, suppress(StoreError):
            while self._news:
                self._changed(self._news[0])
                self._news.popleft()
