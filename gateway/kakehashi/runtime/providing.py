"""Puts together what fetches inquiries of other bodies and replies: the server as all lanes share it, rules, events."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Protocol

from kakehashi.config.model import Configuration
from kakehashi.domain.provision import ProvisionState
from kakehashi.pipeline.deciding import needs_of
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.providing import Providing
from kakehashi.pipeline.provision_messages import ProvisionMessages
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.provisions import ProvisionRow
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet
from kakehashi.validation.schema import SchemaSet

__all__ = ["providing"]

_AFTER_AN_ANSWER = timedelta(seconds=5)
"""Until it is in the ledger. A server that honours request ids tells who asks too early the truth all the same."""
_EVENTS = {
    ProvisionState.PENDING: "provision.listed",
    ProvisionState.REPLIED: "provision.replied",
    ProvisionState.OPERATOR: "provision.refused",
    ProvisionState.EXPIRED: "provision.expired",
    ProvisionState.GONE: "provision.gone",
}


class _Parts(Protocol):
    """What of a gateway is needed."""

    configuration: Configuration
    schemas: SchemaSet
    store: Store
    links: LinkStore
    clock: Clock
    events: EventLog

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def quiet(self) -> Quiet: ...


def providing(parts: _Parts) -> Providing | None:
    """None where it is off."""
    profile, settings = parts.configuration.profile, parts.configuration.gateway
    if not settings.provisions.fetch:
        return None

    def tell(row: ProvisionRow) -> None:
        name = _EVENTS.get(row.what.state, "provision.moved")
        parts.events.emit(name, provision=f"P{row.id}", state=row.what.state.value, code=row.what.code)

    def tell_failure(code: str) -> None:
        if parts.quiet.may_speak("provisions"):
            parts.events.emit("provision.list_failed", code=code)

    return Providing(
        store=parts.store,
        clock=parts.clock,
        messages=ProvisionMessages(
            settling=Settling(profile, RetryPolicy.of(profile, settings.retry), profile.polling),
            schemas=parts.schemas,
            server=parts.endpoint,
            clock=parts.clock,
            sender=settings.gateway.agency,
            test=settings.gateway.test,
        ),
        needs=partial(needs_of, links=parts.links, halts=parts.store, rules=profile.provisions),
        every=timedelta(seconds=settings.provisions.every_seconds) or profile.provisions.interval,
        patience=settings.server.timeout + _AFTER_AN_ANSWER,
        told=tell,
        failed=tell_failure,
    )
