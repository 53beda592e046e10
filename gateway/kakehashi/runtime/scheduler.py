"""Looks after what nobody else carries: lost messages are published again, results of settled files are returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kakehashi.domain.batch import FileState
from kakehashi.errors import BrokerError, KakehashiError, StoreError
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import FileRow, Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.publishing import Publishing
from kakehashi.runtime.returning import Returning

__all__ = ["Scheduler"]

_FILES_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """One pass over what is due. Several may run: every effect is guarded by the ledger or repeatable."""

    store: Store
    publishing: Publishing
    returning: Mapping[str, Returning]
    clock: Clock
    events: EventLog
    quiet: Quiet

    def run_once(self) -> int:
        """Returns how much was done."""
        done = self.publishing.publish_lost()
        for file in self.store.returnable(most=_FILES_AT_ONCE):
            done += self._return(file)
        return done

    def _return(self, file: FileRow) -> int:
        returning = self.returning.get(file.lane)
        if returning is None or file.state is FileState.REFUSED:
            self.store.mark_returned(file.id, now=self.clock.now())
            return 1
        try:
            counts = returning.deliver(file)
        except (BrokerError, StoreError):
            raise
        except KakehashiError as error:
            if self.quiet.may_speak(f"return {file.id}"):
                place = error.fault.place
                self.events.emit(
                    "file.return_failed",
                    lane=file.lane,
                    file_id=file.id,
                    file=file.name,
                    code=error.fault.code,
                    item=place.item,
                )
            return 0
        self.store.mark_returned(file.id, now=self.clock.now())
        self.events.emit(
            "file.returned",
            lane=file.lane,
            file_id=file.id,
            file=file.name,
            accepted=counts.accepted,
            refused=counts.refused,
            waiting=counts.waiting,
        )
        return 1
