"""「副本の引上げ」 The replicas of a suspended person are deleted at the server, before everything that stands in line.

What is to be deleted is found again from the ledger until nothing stands and nothing is in flight: who dies in between,
or finds a change that was sent before the suspension, does the same once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kakehashi.config.model import Configuration, Route
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.domain.halt import HaltMeans
from kakehashi.domain.interface import Function
from kakehashi.errors import DuplicateContent
from kakehashi.failpoint import reached
from kakehashi.pipeline.locking import is_due
from kakehashi.pipeline.spool_entry import request_id_of
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.halts import HaltRow
from kakehashi.ports.ledger import FileRow, ReplicaChange
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.repair import Repair

__all__ = ["Withdrawing", "lanes_by_information"]

_LOOK = timedelta(seconds=1)


def lanes_by_information(configuration: Configuration) -> Mapping[str, Route]:
    """Of several routes of one information the first."""
    routes = [route for route in configuration.routes.values() if route.function is Function.DBM]
    return {route.standard.info_name: route for route in reversed(routes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing:
    """Several may run: a withdrawal of the same replicas is made once."""

    configuration: Configuration
    store: Store
    sealer: Sealer
    clock: Clock
    spool: Spool
    events: EventLog

    def run_once(self) -> int:
        """Raises StoreError, FolderUnavailable."""
        rows = self.store.waiting_halts()
        due = [row for row in rows if row.lock and row.means is HaltMeans.WITHDRAW and is_due(row, self.clock)]
        return sum(self._carry_out(row) for row in due)

    def _carry_out(self, row: HaltRow) -> int:
        by_name: dict[str, list[ReplicaChange]] = {}
        flying = [change for change in self.store.persons_in_flight(row.key) if not change.deleted]
        for change in [*self.store.persons_replicas(row.key), *flying]:
            by_name.setdefault(change.info_name, []).append(change)
        if not by_name:
            if self.store.told_halt(row.id, lifted=False, now=self.clock.now()):
                self.events.emit("halt.accepted", halt_id=row.id, action=row.action.value, what="placed")
            return 1
        lanes = lanes_by_information(self.configuration)
        stuck = [name not in lanes or self._is_stuck(row, lanes[name], by_name[name]) for name in by_name]
        code = "REF-015" if any(stuck) else "REF-016"
        if code == "REF-015" != row.code:
            self.events.emit("halt.refused", halt_id=row.id, action=row.action.value, code=code)
        self.store.postpone_halt(row.id, code=code, due=self.clock.now() + _LOOK)
        return 0

    def _is_stuck(self, row: HaltRow, route: Route, changes: Sequence[ReplicaChange]) -> bool:
        """Whether these are not withdrawn, and will not be by themselves."""
        file = self._withdrawal(row, route, changes)
        if file is None:
            return False
        if file.state is FileState.HELD:
            now = self.clock.now()
            self.store.decide_file(file.id, release=True, reason=row.reason, actor=row.actor, now=now)
            reached("halting.withdrawn")
            return False
        exceptions = (each for batch in self.store.batches(file.id) for each in self.store.exceptions_of(batch.id))
        return any(each.state is not RecordState.RETRIED for each in exceptions)

    def _withdrawal(self, row: HaltRow, route: Route, changes: Sequence[ReplicaChange]) -> FileRow | None:
        """The file that deletes these, made now or before. None: another process makes it at this moment."""
        keys = sorted({(change.unit, change.sequence) for change in changes})
        once = hashlib.sha256(f"suspend/{route.name}/{row.id}/{keys}".encode()).digest()
        known = self.store.find_request(request_id_of(route.name, once, 1))
        if known is not None:
            return self.store.file(known.file_id)
        repair = Repair(
            route=route,
            spool=self.spool,
            store=self.store,
            sealer=self.sealer,
            clock=self.clock,
            config_hash=self.configuration.hash,
            taken=self.clock.now(),
        )
        units = sorted({(row.key, unit) for unit, _ in keys})
        try:
            return repair.withdraw(f"suspend{row.id}.dat", units, once=once)
        except DuplicateContent:
            return None
