"""The outbox: what the ledger holds as new or lost goes to the broker, confirmed, then it is marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kakehashi.domain.batch import BatchState
from kakehashi.errors import StoreError
from kakehashi.pipeline.envelope import item_of, seal_context, write_message
from kakehashi.pipeline.ledger import record_context
from kakehashi.ports.broker import Broker, Message
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.sealer import Sealed, Sealer
from kakehashi.ports.store import BatchRow, FileRow, Store
from kakehashi.runtime.events import EventLog

__all__ = ["Publishing"]

_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Publishes batches from spool to broker. `patience`: when a message without a sign of life counts as lost."""

    store: Store
    broker: Broker
    spool: Spool
    sealer: Sealer
    clock: Clock
    events: EventLog
    profile: str
    patience: timedelta

    def publish_new(self) -> int:
        """Everything that intake or an operator has put into the ledger; returns how many batches."""
        return self._publish(
            [row for row in self._publishable() if row.state is BatchState.NEW], event="batch.published"
        )

    def publish_lost(self) -> int:
        """Batches whose message has not been heard of since their due time."""
        return self._publish(
            [row for row in self._publishable() if row.state is not BatchState.NEW], event="batch.republished"
        )

    def _publishable(self) -> list[BatchRow]:
        return self.store.publishable(most=_AT_ONCE, now=self.clock.now())

    def _publish(self, rows: list[BatchRow], *, event: str) -> int:
        if not rows:
            return 0
        files: dict[int, FileRow] = {}
        for row in rows:
            if row.file_id not in files:
                file = self.store.file(row.file_id)
                if file is None:
                    raise StoreError("STO-003")
                files[row.file_id] = file
        self.broker.publish([self._message(row, files[row.file_id]) for row in rows])
        self.store.mark_published([row.id for row in rows], due=self.clock.now() + self.patience)
        for lane in sorted({row.lane for row in rows}):
            self.events.emit(event, lane=lane, batch_ids=[row.id for row in rows if row.lane == lane])
        return len(rows)

    def _message(self, row: BatchRow, file: FileRow) -> Message:
        body = self._body(row, file)
        return write_message(
            item_of(row, body), records=row.records, profile=self.profile, config_hash=file.config_hash
        )

    def _body(self, row: BatchRow, file: FileRow) -> Sealed:
        if row.redrive_of is None:
            return self.spool.read(file.spool, row.spool_offset, row.spool_length)
        return self._redriven(row, row.redrive_of)

    def _redriven(self, row: BatchRow, exception_id: int) -> Sealed:
        """A retried record: its sealed bytes, bound to the new work."""
        exception = self.store.exception(exception_id)
        payload = self.store.payload(exception_id)
        origin = self.store.batch(exception.batch_id) if exception else None
        if exception is None or payload is None or origin is None:
            raise StoreError("STO-003")
        plain = self.sealer.open(payload, context=record_context(origin, exception.record_no))
        return self.sealer.seal(plain, context=seal_context(row.lane, row.request_id))
