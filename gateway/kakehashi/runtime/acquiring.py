"""Puts together what acquires symbols: the server as all lanes share it, the registry, the profile's rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from kakehashi.config.model import Configuration
from kakehashi.domain.symbol import AcquisitionState
from kakehashi.interface.service import ServiceHours
from kakehashi.pipeline.breaker import BreakerRule
from kakehashi.pipeline.endpoint import Endpoint, EndpointRules
from kakehashi.pipeline.linking import Registered
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.symbol_messages import SymbolMessages
from kakehashi.pipeline.symbol_needs import SymbolNeeds, rules_of
from kakehashi.pipeline.symbols import Acquiring
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.server import ServerClient
from kakehashi.ports.store import Store
from kakehashi.ports.symbols import AcquisitionRow
from kakehashi.runtime.events import EventLog
from kakehashi.validation.schema import SchemaSet

__all__ = ["AcquiringParts", "registered"]

_ALWAYS = ServiceHours(open=time(), close=None, days=frozenset(range(7)))
_EVENTS = {
    AcquisitionState.LINKED: "symbol.linked",
    AcquisitionState.FAILED: "symbol.failed",
    AcquisitionState.OPERATOR: "symbol.blocked",
    AcquisitionState.EXPIRED: "symbol.expired",
    AcquisitionState.RELEASED: "symbol.released",
    AcquisitionState.RELINKED: "symbol.relinked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquiringParts:
    """What a gateway has of it. `patience`: until an exchange that was begun has certainly ended."""

    configuration: Configuration
    store: Store
    links: LinkStore
    sealer: Sealer
    clock: Clock
    schemas: SchemaSet
    server: Endpoint
    registry: ServerClient | None
    events: EventLog
    patience: timedelta

    def put_together(self) -> Acquiring:
        profile, settings = self.configuration.profile, self.configuration.gateway
        return Acquiring(
            store=self.store,
            links=self.links,
            sealer=self.sealer,
            clock=self.clock,
            messages=SymbolMessages(
                settling=Settling(profile, RetryPolicy.of(profile, settings.retry), profile.polling),
                schemas=self.schemas,
                server=self.server,
                registry=self._registry(),
                clock=self.clock,
                sender=settings.gateway.agency,
                test=settings.gateway.test,
            ),
            rules=rules_of(profile, patience=self.patience),
            residents=settings.symbols.residents,
            told=self._tell,
        )

    def _registry(self) -> Endpoint | None:
        """Its own breakers and rate, always open: the service hours are the server's."""
        if self.registry is None:
            return None
        settings = self.configuration.gateway.registry
        rules = EndpointRules(
            breaker=BreakerRule(
                failures=settings.breaker_failures,
                first=timedelta(seconds=settings.breaker_first_seconds),
                most=timedelta(seconds=settings.breaker_most_seconds),
            ),
            retry_percent=settings.retry_percent,
            retries_least=settings.retries_per_minute,
        )
        return Endpoint(self.registry, self.clock, _ALWAYS, rules)

    def _tell(self, row: AcquisitionRow) -> None:
        name = _EVENTS.get(row.what.state, "symbol.moved")
        fields = {"acquisition_id": row.id, "state": row.what.state.value, "code": row.what.code}
        self.events.emit(name, **fields)


def registered(configuration: Configuration, store: Store, links: LinkStore, clock: Clock) -> Registered:
    """What hears of the persons of extracts. Where nothing begins by itself, what is to be released is all the same."""
    profile, acquire = configuration.profile, configuration.gateway.symbols.acquire
    if acquire == "off" or (acquire != "all" and not profile.symbols.released_by):
        return lambda _: None
    needs = SymbolNeeds(
        store=store,
        links=links,
        clock=clock,
        rules=rules_of(profile),
        withdrawn_by=profile.symbols.withdrawn_by,
        released_by=profile.symbols.released_by,
    )
    return needs.registered if acquire == "all" else needs.released
