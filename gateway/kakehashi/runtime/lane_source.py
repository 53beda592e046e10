"""The watched folder of a lane, and what it tells: to the log, and to the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from kakehashi.config.model import Route
from kakehashi.errors import Fault, StoreError
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Source
from kakehashi.ports.ledger import Refusal
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.intake import fault_facts, unproved

__all__ = ["lane_source"]


def lane_source(
    make: Callable[..., Source], route: Route, folder: Path, *, store: Store, clock: Clock, events: EventLog
) -> Source:
    """`make` is the adapter for folders."""

    def refused(fault: Fault) -> None:
        """Names and kinds of files that the source itself does not hand out."""
        if fault.code == "REF-005":
            name = fault.place.file or ""
            events.emit("file.refused", lane=route.name, file=name, code=fault.code)
            with suppress(StoreError):  # it lies aside with its reason, and the log has it
                store.add_refusal(Refusal(lane=route.name, name=name, code=fault.code, at=clock.now()))

    def incomplete(fault: Fault) -> None:
        events.emit(
            "file.incomplete",
            lane=route.name,
            file=fault.place.file,
            code=fault.code,
            offset=fault.place.offset,
            why=fault_facts(fault),
        )

    return make(
        folder,
        route.settings.source,
        refused=refused,
        fence=lambda owner: store.fence(owner, now=clock.now()),
        unproved=partial(unproved, route),
        incomplete=incomplete,
        now=clock.now,
    )
