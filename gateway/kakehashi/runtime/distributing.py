"""Puts together what asks the server for its distribution, and what it means to the routes on a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from kakehashi.config.distributed import findings
from kakehashi.config.finding import Finding
from kakehashi.config.model import Configuration
from kakehashi.domain.distribution import Distribution
from kakehashi.errors import Fault
from kakehashi.pipeline.distributing import Distributing, read_distribution
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.ports.clock import Clock
from kakehashi.ports.distributions import DistributionBook
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet
from kakehashi.validation.schema import SchemaSet

__all__ = ["distributing", "distribution_findings", "open_distributing"]


class _Parts(Protocol):
    """What of a gateway is needed."""

    configuration: Configuration
    schemas: SchemaSet
    store: Store
    clock: Clock
    events: EventLog

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def quiet(self) -> Quiet: ...


def open_distributing(
    configuration: Configuration, *, book: DistributionBook, schemas: SchemaSet, endpoint: Endpoint, clock: Clock
) -> Distributing:
    """What asks; it tells nobody."""
    settings, profile = configuration.gateway, configuration.profile
    return Distributing(
        book=book,
        profile=profile,
        schemas=schemas,
        endpoint=endpoint,
        clock=clock,
        sender=settings.gateway.agency,
        test=settings.gateway.test,
        every=timedelta(seconds=settings.distribution.every_seconds) or profile.distributed,
    )


def distributing(parts: _Parts) -> Distributing | None:
    """None where it is off."""
    if not parts.configuration.gateway.distribution.fetch:
        return None

    def tell(distribution: Distribution) -> None:
        found = findings(parts.configuration, distribution, parts.clock.now().date())
        parts.events.emit(
            "distribution.changed",
            layouts=len(distribution.layouts),
            masters=len(distribution.masters),
            findings=len(found),
            breaking=sum(each.breaks for each in found),
        )

    def tell_failure(fault: Fault) -> None:
        if parts.quiet.may_speak("distribution"):
            parts.events.emit("distribution.failed", code=fault.code, about=str(fault.facts.get("about", "")) or None)

    made = open_distributing(
        parts.configuration, book=parts.store, schemas=parts.schemas, endpoint=parts.endpoint, clock=parts.clock
    )
    made.told, made.failed = tell, tell_failure
    return made


def distribution_findings(configuration: Configuration, book: DistributionBook) -> Callable[[date], list[Finding]]:
    """What the newest distribution means on a day; empty without one. What was found is remembered for its day."""
    known: dict[tuple[int, date], list[Finding]] = {}

    def found(today: date) -> list[Finding]:
        row = book.distribution()
        if row is None:
            return []
        key = row.id, today
        if key not in known:
            known.clear()
            known[key] = findings(configuration, read_distribution(row.content), today)
        return known[key]

    return found
