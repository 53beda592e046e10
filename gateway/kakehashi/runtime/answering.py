"""「受付」 Listens for the questions of the intermediate server, and for the systems' messages, as long as it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any, Protocol

from kakehashi.config.model import Configuration
from kakehashi.errors import KakehashiError
from kakehashi.pipeline.address_desk import AddressDesk
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.relaying import RelayDesk
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.listener import Answering, Listener
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.addresses import scheme
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet
from kakehashi.validation.schema import SchemaSet

__all__ = ["Listening", "listenings"]

_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """An address that is taken, or certificates that are not there, are tried again until they are right."""

    name: str
    open: Callable[[], Listener]
    events: EventLog
    quiet: Quiet

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                listener = self.open()
                listener.start()
            except KakehashiError as error:
                if self.quiet.may_speak(self.name):
                    self.events.emit("answering.failed", name=self.name, code=error.fault.code)
                stop.wait(_AGAIN_SECONDS)
                continue
            self.events.emit("answering.started", name=self.name)
            stop.wait()
            listener.close()


class _Parts(Protocol):
    """What of a gateway is needed."""

    configuration: Configuration
    schemas: SchemaSet
    store: Store
    links: LinkStore
    sealer: Sealer
    clock: Clock
    events: EventLog

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def quiet(self) -> Quiet: ...


def listenings(parts: _Parts, plugin: Callable[[str, str], Any]) -> list[Listening]:
    """`plugin`: finds an adapter by kind and name."""
    gateway = parts.configuration.gateway
    desks: dict[str, tuple[Any, Callable[[], Answering]]] = {
        "answering": (gateway.answering, lambda: address_desk(parts).answer_peer),
        "relay": (gateway.relay, lambda: relay_desk(parts).answer),
    }
    return [
        Listening(
            name=name,
            open=partial(plugin("listeners", scheme(settings.listen)), settings, desk()),
            events=parts.events,
            quiet=parts.quiet,
        )
        for name, (settings, desk) in desks.items()
        if settings.listen
    ]


def address_desk(parts: _Parts) -> AddressDesk:
    identity = parts.configuration.gateway.gateway
    return AddressDesk(
        profile=parts.configuration.profile,
        schemas=parts.schemas,
        links=parts.links,
        halts=parts.store,
        sealer=parts.sealer,
        clock=parts.clock,
        agency=identity.agency,
        test=identity.test,
    )


def relay_desk(parts: _Parts) -> RelayDesk:
    gateway = parts.configuration.gateway
    return RelayDesk(
        profile=parts.configuration.profile,
        schemas=parts.schemas,
        endpoint=parts.endpoint,
        links=parts.links,
        halts=parts.store,
        sealer=parts.sealer,
        clock=parts.clock,
        agency=gateway.gateway.agency,
        test=gateway.gateway.test,
        systems=gateway.relay.systems,
        numbers=gateway.links.numbers,
        messages=gateway.relay.messages,
        inside=gateway.relay.inside_results,
    )
