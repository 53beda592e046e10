"""Which files tell the systems what became of their records, and where each goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from kakehashi.config.model import Configuration, ReturnSettings, Route
from kakehashi.ports.broker import Broker
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink, Spool
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.own_numbers import OwnNumbers
from kakehashi.runtime.queue_sink import QueueSink
from kakehashi.runtime.returning import ResultFile, Returning

__all__ = ["returning", "returnings"]


class _Parts(Protocol):
    """What of a gateway is needed."""

    configuration: Configuration
    broker: Broker
    store: Store
    links: LinkStore
    sealer: Sealer
    spool: Spool
    clock: Clock


def returning(parts: _Parts, route: Route, sink: Sink | None, errors: Sink | None) -> Returning:
    """Raises LookupError for a route without results."""
    told = ((route.settings.errors, route.error_plan, errors), (route.settings.returns, route.return_plan, sink))
    files = [
        ResultFile(settings=settings, plan=plan, sink=where)
        for settings, plan, where in told
        if settings is not None and plan is not None and where is not None
    ]
    if not files:
        raise LookupError(route.name)
    items = sorted({item for file in files for item in file.settings.own_numbers})
    return Returning(
        route=route,
        files=files,
        spool=parts.spool,
        store=parts.store,
        sealer=parts.sealer,
        clock=parts.clock,
        own=OwnNumbers(parts.links, route.numbers, items) if items and parts.configuration.profile.swaps else None,
    )


def returnings(parts: _Parts, folder: Callable[[Path], Sink]) -> Mapping[str, Returning]:
    """By lane, of those that have results. `folder`: the adapter for folders."""

    def sink(settings: ReturnSettings | None) -> Sink | None:
        if settings is not None and settings.queue:
            return QueueSink(parts.broker, settings.queue)
        place = parts.configuration.folder_of(settings)
        return None if place is None else folder(place)

    made = {}
    for name, route in parts.configuration.routes.items():
        where, errors = sink(route.settings.returns), sink(route.settings.errors)
        if (where, route.return_plan).count(None) == 0 or (errors, route.error_plan).count(None) == 0:
            made[name] = returning(parts, route, where, errors)
    return made
