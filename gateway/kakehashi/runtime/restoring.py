"""A ledger that was restored from a backup: noticed by the spool, which is newer, and reconciled with it by key.

Everything that the ledger had forgotten is taken in again under its old file id, and so with its old sequences and
request ids: what the server has already applied it knows, and says so; an older change stays the older one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchState, FileState
from kakehashi.domain.interface import Function
from kakehashi.errors import DuplicateContent, SealError, StoreCorrupt, StoreError
from kakehashi.pipeline.envelope import item_of
from kakehashi.pipeline.spool_entry import entry_context, file_id_of, newest_file_id, read_entry, request_id_of
from kakehashi.pipeline.step import Later
from kakehashi.pipeline.work import LaneWork
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.ledger import BatchRow, FileRow
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.publishing import read_chunk

__all__ = ["Reconciled", "Reconciling", "check_age"]

_LEAP = 1_000_000
"""So many file ids are passed over: more than were given since the backup to files of which nothing is left."""
_MOST = 1_000_000


def check_age(store: Store, spool: Spool) -> None:
    """Raise StoreError(STO-006) when the spool holds a file that the ledger has not given its id yet."""
    spooled = newest_file_id(spool.names())
    known = store.newest_file_id()
    if spooled > known:
        raise StoreError("STO-006", ledger=known, spool=spooled)


@dataclass(slots=True)
class Reconciled:
    """What became of it. `unknown`: spool files that cannot be taken again, each with the code that says why."""

    retaken: list[FileRow] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    doubted: int = 0
    """Batches about which the server will be asked before they are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """Of a ledger on which nothing else works meanwhile. May be interrupted, and done again: it then does the rest.

    Until its last step the ledger counts as older than its spool.
    """

    lanes: dict[str, LaneWork]
    store: Store
    spool: Spool
    sealer: Sealer
    clock: Clock
    reason: str
    actor: str

    def run(self) -> Reconciled:
        """Raises StoreError. Links are made at once, for all other lanes need them."""
        done = Reconciled()
        names = self.spool.names()
        for name in sorted(self.store.unknown_spools(names)):
            self._retake(name, done)
        for route in self._linking():
            for file in reversed(self.store.files(lane=route.name, state=FileState.WORKING, most=_MOST)):
                self._link(route, file)
        done.doubted = self.store.end_restore(
            newest_file_id=max(newest_file_id(names), self.store.newest_file_id()) + _LEAP, now=self.clock.now()
        )
        return done

    def forgotten(self) -> list[str]:
        """The spool files that `run` would look at."""
        return sorted(self.store.unknown_spools(self.spool.names()))

    def _retake(self, name: str, done: Reconciled) -> None:
        """Our copy of a duplicate, or of a file that is still in its folder, is nothing that was forgotten."""
        if file_id_of(name) is None:
            done.unknown.append((name, "STO-007"))
            return
        try:
            entry = self.sealer.open(self.spool.last(name), context=entry_context(name))
            file, batches = read_entry(entry)
        except (SealError, StoreCorrupt) as error:
            done.unknown.append((name, error.fault.code))
            return
        if (file.id or 0) <= self.store.newest_file_id():
            return
        request_ids = [request_id_of(file.lane, file.digest, batch.seq) for batch in batches]
        try:
            row = self.store.retake(
                file,
                batches,
                request_ids=request_ids,
                reason=self.reason,
                actor=self.actor,
                now=self.clock.now(),
            )
        except DuplicateContent:
            return
        done.retaken.append(row)

    def _linking(self) -> Iterator[Route]:
        return (work.route for work in self.lanes.values() if work.route.function is Function.LINK)

    def _link(self, route: Route, file: FileRow) -> None:
        for row in self.store.batches(file.id):
            if row.state in (BatchState.NEW, BatchState.QUEUED, BatchState.SENT):
                self._advance(route, file, row)

    def _advance(self, route: Route, file: FileRow, row: BatchRow) -> None:
        item = item_of(row, read_chunk(self.spool, file, row), urgent=False)
        step = self.lanes[route.name].advance(item, redelivered=True)
        assert not isinstance(step, Later), step
