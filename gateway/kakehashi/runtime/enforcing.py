"""The scheduler's part in the day of enforcement: held numbers become active, then what follows from them begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from kakehashi.config.model import Configuration
from kakehashi.failpoint import reached
from kakehashi.pipeline.holding import Phase, phase
from kakehashi.pipeline.identify import unlinked_name
from kakehashi.pipeline.symbol_needs import SymbolNeeds, rules_of
from kakehashi.ports.clock import Clock
from kakehashi.ports.held_numbers import Enforcement
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog

__all__ = ["AT_ONCE", "Enforcing"]

AT_ONCE = 500
"""Persons in a transaction."""
_PAUSE = timedelta(seconds=10)


@dataclass(slots=True)
class Enforcing:
    """「施行」 Every step may be repeated and taken by any number of processes; who dies leaves the rest to the next.

    `begin`: what follows from numbers that have become active. `share`: of how many persons it begins at once, and
    `pause` how long before the next ones (after fewer, less).
    """

    links: LinkStore
    sealer: Sealer
    clock: Clock
    events: EventLog
    day: date | None
    begin: Callable[[Sequence[str]], None] = lambda _: None
    share: int = AT_ONCE
    pause: timedelta = timedelta(0)
    _next: datetime | None = field(default=None, init=False)
    _over: bool = field(default=False, init=False)

    def run_once(self) -> int:
        """One step of each. Returns how much was done."""
        if self._over:
            return 0
        now = self.clock.now()
        match phase(self.links, self.day, now=now):
            case Phase.TURNING:
                before = self.links.enforcement()
                day = before.day if before else self.day
                if day is None:
                    return 0  # nobody says that theirs has come
                found = self._enforce(day)
                return max(1, found.active - (before.active if before else 0)) + self._hear(now)
            case Phase.IN_FORCE:
                self._over = not self.links.unheard(most=1)
                return 0 if self._over else self._hear(now)
            case Phase.BEFORE:
                return 0

    def _enforce(self, day: date) -> Enforcement:
        """One step; the last one tells how many were held and how many are active."""
        now = self.clock.now()
        found = self.links.enforce(day, most=AT_ONCE, now=now)
        reached("enforcing.moved")
        if found.ended_at == now:
            told = {"held": found.held, "active": found.active, "contradicted": found.contradicted}
            self.events.emit("link.enforced", day=found.day.isoformat(), **told)
        return found

    def _hear(self, now: datetime) -> int:
        """Of some persons: what follows from their numbers begins; what the coverage report called unlinked is not."""
        if self._next is not None and now < self._next <= now + self.pause:
            return 0
        persons = self.links.unheard(most=self.share)
        if not persons:
            return 0
        self._next = now + self.pause * len(persons) / self.share
        linked = [row for person in persons for row in self.links.persons_links(person)]
        named = [(row.system, unlinked_name(self.sealer, row.system, row.atena)) for row in linked]
        self.links.met_linked(named)
        self.begin(persons)
        reached("enforcing.begun")
        self.links.heard(persons)
        return len(persons)

    def with_symbols(self, store: Store, configuration: Configuration) -> Enforcing:
        """They begin at the rate at which somebody begins many, where they begin by themselves."""
        settings = configuration.gateway.symbols
        if settings.acquire != "all":
            return self
        rate, profile = settings.per_second, configuration.profile
        needs = SymbolNeeds(
            store=store,
            links=self.links,
            clock=self.clock,
            rules=rules_of(profile),
            per_second=rate,
            withdrawn_by=profile.symbols.withdrawn_by,
            released_by=profile.symbols.released_by,
        )
        return replace(self, begin=needs.enforced, share=rate * _PAUSE.seconds, pause=_PAUSE)
