"""「宛名情報の応答」 Listens for the questions of the intermediate server as long as the process runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from kakehashi.config.model import Configuration
from kakehashi.errors import KakehashiError
from kakehashi.pipeline.address_desk import AddressDesk
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.listener import Listener
from kakehashi.ports.sealer import Sealer
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet
from kakehashi.validation.schema import SchemaSet

__all__ = ["Questions", "address_desk"]

_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """An address that is taken, or certificates that are not there, are tried again until they are right."""

    open: Callable[[], Listener]
    events: EventLog
    quiet: Quiet

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                listener = self.open()
                listener.start()
            except KakehashiError as error:
                if self.quiet.may_speak("answering"):
                    self.events.emit("answering.failed", code=error.fault.code)
                stop.wait(_AGAIN_SECONDS)
                continue
            self.events.emit("answering.started")
            stop.wait()
            listener.close()


def address_desk(
    configuration: Configuration, schemas: SchemaSet, links: LinkStore, sealer: Sealer, clock: Clock
) -> AddressDesk:
    identity = configuration.gateway.gateway
    return AddressDesk(
        profile=configuration.profile,
        schemas=schemas,
        links=links,
        sealer=sealer,
        clock=clock,
        agency=identity.agency,
        test=identity.test,
    )
