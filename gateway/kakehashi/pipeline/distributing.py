"""「配信取得」 The server is asked what it distributes (SYM-903). What it says is kept, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.domain.batch import content_id
from kakehashi.domain.distribution import Distribution, contradictions
from kakehashi.domain.interface import ResultClass
from kakehashi.errors import Fault, InputError, ServerError
from kakehashi.interface.distribution import content_of, parse_distribution
from kakehashi.interface.header import request_header
from kakehashi.interface.profile import Profile
from kakehashi.interface.service import special_time
from kakehashi.interface.system import layout_request
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint, Hold
from kakehashi.ports.clock import Clock
from kakehashi.ports.distributions import DistributionBook
from kakehashi.validation.schema import SchemaSet
from kakehashi.validation.xml import parse_document

__all__ = ["Distributing", "read_distribution"]

_LANE = "distribution"
"""Under this name the server's endpoint knows it, beside the lanes."""
_MESSAGE = "SYM-903"
_AT_FIRST = timedelta(minutes=10)
"""From the start of a process until it asks what was never asked; and after a failure."""


@dataclass(kw_only=True)
class Distributing:
    """One thread. `told`: hears of each distribution that is new; `failed`: of each that could not be had."""

    book: DistributionBook
    profile: Profile
    schemas: SchemaSet
    endpoint: Endpoint
    clock: Clock
    sender: str
    test: bool
    every: timedelta
    told: Callable[[Distribution], None] = lambda _: None
    failed: Callable[[Fault], None] = lambda _: None
    _not_before: datetime | None = field(default=None, init=False)
    _failing: bool = field(default=False, init=False)

    def run_once(self) -> int:
        """Asks when it is time; returns whether it was answered. Raises StoreError."""
        now, row = self.clock.now(), self.book.distribution()
        if row is not None and timedelta(0) <= now - row.seen_at < self.every:
            return 0
        if self._not_before is None:
            self._not_before = now if row else now + _AT_FIRST
        if now < self._not_before:
            return 0
        passed = self.endpoint.enter(_LANE, retry=self._failing)
        if isinstance(passed, Hold):
            self._not_before = now + min(passed.after, _AT_FIRST)
            return 0
        try:
            self.fetch()
        except (ServerError, InputError) as error:
            self._not_before, self._failing = now + _AT_FIRST, True
            self.failed(error.fault)
            return 0
        finally:
            self.endpoint.leave(passed)
        self._failing = False
        return 1

    def fetch(self) -> tuple[Distribution, bool]:
        """What the server distributes now, and whether that is new; kept. Raises StoreError, ServerError, and
        InputError: DST-002 for what contradicts itself, DST-003 for a refusal. The one before it stays then.
        """
        now = self.clock.now()
        request_id = content_id(_MESSAGE, now.isoformat())
        header = request_header(self.profile, _MESSAGE, request_id, sender=self.sender, test=self.test, now=now)
        asking = Asking(profile=self.profile, schemas=self.schemas)
        answer, check = self.endpoint.exchange(
            _LANE, lambda: asking.exchange(self.endpoint.client, _MESSAGE, request_id, layout_request(header))
        )
        if self.profile.classify(answer.code) is not ResultClass.DONE or check.root is None:
            raise InputError(Fault("DST-003", facts={"code": answer.code}))
        content = content_of(check.root)
        distribution = _sound(content)
        is_new = self.book.keep_distribution(content, now=now)
        if is_new:
            self.told(distribution)
        return distribution, is_new


def read_distribution(content: str) -> Distribution:
    """What the ledger keeps as a distribution."""
    return parse_distribution(parse_document(content.encode()))


def _sound(content: str) -> Distribution:
    distribution = read_distribution(content)
    wrong = [*contradictions(distribution), *(" ".join(e) for e in distribution.special if special_time(*e) is None)]
    if wrong:
        raise InputError(Fault("DST-002", facts={"about": "; ".join(wrong[:8])}))
    return distribution
