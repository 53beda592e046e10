"""Puts together what carries out suspensions and locks: one speaks to the server, one has the spool."""

from __future__ import annotations

from typing import Protocol

from kakehashi.config.model import Configuration
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.locking import Locking
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.halts import HaltRow
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.withdrawing import Withdrawing
from kakehashi.validation.schema import SchemaSet

__all__ = ["locking_of", "withdrawing_of"]


class _Parts(Protocol):
    """What of a gateway is needed."""

    configuration: Configuration
    schemas: SchemaSet
    store: Store
    sealer: Sealer
    spool: Spool
    clock: Clock
    events: EventLog

    @property
    def endpoint(self) -> Endpoint: ...


def locking_of(parts: _Parts) -> Locking:
    profile, gateway = parts.configuration.profile, parts.configuration.gateway

    def tell(row: HaltRow, code: str | None) -> None:
        if code is None:
            what = "placed" if row.lock else "lifted"
            parts.events.emit("halt.accepted", halt_id=row.id, action=row.action.value, what=what)
        else:
            parts.events.emit("halt.refused", halt_id=row.id, action=row.action.value, code=code)

    return Locking(
        book=parts.store,
        settling=Settling(profile, RetryPolicy.of(profile, gateway.retry), profile.polling),
        schemas=parts.schemas,
        endpoint=parts.endpoint,
        clock=parts.clock,
        sender=gateway.gateway.agency,
        test=gateway.gateway.test,
        told=tell,
    )


def withdrawing_of(parts: _Parts) -> Withdrawing:
    return Withdrawing(
        configuration=parts.configuration,
        store=parts.store,
        sealer=parts.sealer,
        clock=parts.clock,
        spool=parts.spool,
        events=parts.events,
    )
