"""What would become of a record that is sent again now: by today's tables, links and replica state. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kakehashi.config.model import Configuration
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.interface import Function
from kakehashi.errors import Fault, Place, StoreCorrupt
from kakehashi.pipeline.ledger import record_context
from kakehashi.pipeline.reading import read_body
from kakehashi.pipeline.translation import replica_change
from kakehashi.ports.ledger import BatchRow, ExceptionRow
from kakehashi.ports.links import LinkReader
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.offline import Offline

__all__ = ["GOES", "SUPERSEDED", "UNROUTED", "Foreseen", "Foresight"]

GOES: Final = "sent"
SUPERSEDED: Final = "REF-002"
UNROUTED: Final = "CFG-006"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`outcome`: GOES, SUPERSEDED (a newer change counts already), UNROUTED (the configuration has no such lane any
    more), or the code that it would be refused with.
    """

    outcome: str
    faults: tuple[Fault, ...] = ()

    @property
    def goes(self) -> bool:
        return self.outcome == GOES


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Opens sealed records: its caller shows outcomes and places, never values."""

    configuration: Configuration
    store: Store
    links: LinkReader
    sealer: Sealer
    xsd: Path
    _offline: dict[str, Offline] = field(default_factory=dict)

    def original(self, row: ExceptionRow) -> BatchBody:
        """The bytes that the record had when it was refused. Raises SealError, StoreCorrupt."""
        payload, origin = self.store.payload(row.id), self.store.batch(row.batch_id)
        if payload is None or origin is None:
            raise StoreCorrupt
        return BatchBody.from_bytes(self.sealer.open(payload, context=record_context(origin, row.record_no)))

    def of(self, row: ExceptionRow) -> Foreseen:
        """Of a record as it is. Raises SealError, StoreError."""
        return self.of_body(row, self.original(row))

    def of_body(self, row: ExceptionRow, body: BatchBody) -> Foreseen:
        """Of other bytes in its place. Raises StoreError."""
        route = self.configuration.routes.get(row.lane)
        batch, file = self.store.batch(row.batch_id), self.store.file(row.file_id)
        if route is None or batch is None or file is None:
            return Foreseen(UNROUTED)
        alone = _alone(batch, row)
        decoded = read_body(route.codec, body, file=file.name, first_record=row.record_no, offset=alone.offset)
        if len(decoded.rows) != 1:
            place = Place(file=file.name, record=row.record_no)
            return Foreseen("DEC-014", (Fault("DEC-014", place, {"records": len(decoded.rows)}),))
        if route.function is Function.LINK:
            faults = tuple(decoded.faults)
            return Foreseen(faults[0].code, faults) if faults else Foreseen(GOES)
        translation = self._lane(row.lane).translate_batch(
            alone, body, total=file.batches, file=file.name, before_first=file.before_first
        )
        if translation.refused:
            return Foreseen(translation.refused[min(translation.refused)].code, tuple(translation.faults))
        if route.function is Function.DBM:
            changes = [replica_change(route, draft) for draft in translation.drafts]
            newest = self.store.newest_replicas([(c.person, c.info_name, c.unit) for c in changes])
            if any(newest.get((c.person, c.info_name, c.unit), 0) > c.sequence for c in changes):
                return Foreseen(SUPERSEDED)
        return Foreseen(GOES)

    def count(self, rows: Sequence[ExceptionRow]) -> Mapping[tuple[str, str], int]:
        """(lane, outcome) → how many of `rows`, the most frequent first."""
        found: dict[tuple[str, str], int] = {}
        for row in rows:
            key = row.lane, self.of(row).outcome
            found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def _lane(self, lane: str) -> Offline:
        if lane not in self._offline:
            route = self.configuration.routes[lane]
            self._offline[lane] = Offline(self.configuration, route, self.xsd, links=self.links)
        return self._offline[lane]


def _alone(batch: BatchRow, row: ExceptionRow) -> BatchRow:
    """The batch that would carry the record alone."""
    offset = batch.offset if row.offset is None else row.offset
    return replace(batch, first_record=row.record_no, records=1, offset=offset, redrive_of=row.id)
