"""The outbox: what the ledger holds as new or lost goes to the broker, confirmed, then it is marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kakehashi.domain.batch import BatchBody, BatchState
from kakehashi.errors import (
    BrokerMisconfigured,
    FolderUnavailable,
    KakehashiError,
    QueueRefused,
    SealError,
    StoreCorrupt,
)
from kakehashi.failpoint import reached
from kakehashi.pipeline.envelope import item_of, seal_context, write_message
from kakehashi.pipeline.gathering import Piece, gather
from kakehashi.pipeline.ledger import correction_context, record_context
from kakehashi.ports.broker import AT_ONCE, URGENT, Broker, Message
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.ledger import BatchRow, FileRow
from kakehashi.ports.sealer import Sealed, Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet, Rest

__all__ = ["Publishing", "read_chunk"]

_AT_ONCE = 200


def read_chunk(spool: Spool, file: FileRow, row: BatchRow) -> Sealed:
    """The sealed body of a batch. FolderUnavailable: this file of the spool cannot be read now (the ledger is fine);
    StoreCorrupt: it is damaged or gone.
    """
    return spool.read(file.spool, row.spool_offset, row.spool_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Publishes batches of `lanes` from spool to broker, those of `urgent` lanes and urgent ones before all others.

    `patience`: when a message without a sign of life is lost. Of one thread. One batch that cannot be
    read, or one lane without its queues, stops nothing else.
    """

    lanes: Sequence[str]
    urgent: Collection[str] = ()
    store: Store
    broker: Broker
    spool: Spool
    sealer: Sealer
    clock: Clock
    events: EventLog
    quiet: Quiet
    profile: str
    patience: timedelta
    _resting: dict[str, Rest] = field(default_factory=dict, init=False)
    """Lanes whose queue takes nothing, until when."""
    _standing: dict[str, Rest] = field(default_factory=dict, init=False)
    """Lanes whose overdue batches all stand in line, until when to look again."""
    _unmarked: dict[int, tuple[int, datetime]] = field(default_factory=dict, init=False)
    """Batch → its turn in the message, and when to look for that. Published, but the ledger could not be told yet:
    these must not be published again meanwhile.
    """

    def publish_new(self) -> int:
        """Everything that intake or an operator has put into the ledger; returns how many batches."""
        self._mark()
        by_lane = self._found(self.lanes, lost=False)
        return sum(self._publish_lane(lane, rows, event="batch.published") for lane, rows in by_lane.items())

    def publish_lost(self) -> int:
        """Batches whose message has not been heard of since their due time, the oldest first. Of those that were never
        begun no more than are missing in the broker: a backlog that only stands in line is not published again.
        """
        self._mark()
        now, done = self.clock.now(), 0
        lanes = [lane for lane in self.lanes if lane not in self._standing or self._standing[lane].is_over(now)]
        for lane, rows in self._found(lanes, lost=True).items():
            lost = [row for row in rows if row.turn or row.urgent]
            fresh = [row for row in rows if not (row.turn or row.urgent)]
            if fresh and (missing := self._missing(lane)) > 0:
                lost += fresh[:missing]
            if lost:
                done += self._publish_lane(lane, lost, event="batch.republished")
            else:
                self._standing[lane] = Rest(now + self.patience, self.patience)
        return done

    def _missing(self, lane: str) -> int:
        """How many batches in work have no message that waits: lost, or in somebody's hand. A second message of one
        batch may hide the loss of another until it is taken, not longer.
        """
        lanes = sorted(self.urgent) if lane in self.urgent else [lane]
        try:
            there = sum(map(self.broker.depth, {*lanes, URGENT} if lane in self.urgent else lanes))
        except BrokerMisconfigured:  # of a queue that is gone: the publish will tell
            there = 0
        return self.store.in_work(lanes) - there

    def _found(self, lanes: Sequence[str], *, lost: bool) -> dict[str, list[BatchRow]]:
        """By the queue that is to take them: urgent batches go past that of their lane, also where it takes nothing."""
        now = self.clock.now()
        by_lane: dict[str, list[BatchRow]] = {URGENT: []}
        resting = [lane for lane in lanes if self._rests(lane, now)]
        for some in [*self._by_urgency([lane for lane in lanes if lane not in resting]), resting]:
            for row in self.store.publishable(lost=lost, lanes=some, most=_AT_ONCE, now=now):
                by_lane.setdefault(URGENT if row.urgent else row.lane, []).append(row)
        return {lane: rows for lane, rows in by_lane.items() if rows and not self._rests(lane, now)}

    def _rests(self, lane: str, now: datetime) -> bool:
        return lane in self._resting and not self._resting[lane].is_over(now)

    def _by_urgency(self, lanes: Sequence[str]) -> list[list[str]]:
        urgent = [lane for lane in lanes if lane in self.urgent]
        others = [lane for lane in lanes if lane not in self.urgent]
        return [some for some in (urgent, others) if some]

    def _publish_lane(self, lane: str, rows: Sequence[BatchRow], *, event: str) -> int:
        ready = [(row, message) for row in rows if (message := self._readable(row)) is not None]
        if not ready:
            return 0
        reached("publishing.chosen")
        try:
            for delay in (None, AT_ONCE):  # what was begun waits behind no backlog, and in no queue that may be stuck
                messages = [message for row, message in ready if bool(row.turn) is (delay is not None)]
                if messages:
                    self.broker.publish(messages, delay=delay)
        except (BrokerMisconfigured, QueueRefused) as error:
            if self.quiet.may_speak(f"lane {lane}"):
                self.events.emit("lane.unavailable", lane=lane, code=error.fault.code)
            self._resting[lane] = self._resting.get(lane, Rest()).again(self.clock.now())
            return 0
        self._resting.pop(lane, None)
        reached("publishing.confirmed")
        now = self.clock.now()
        self._unmarked.update({row.id: (row.turn, now + self._silence(row, now)) for row, _ in ready})
        self._mark()
        reached("publishing.marked")
        self.events.emit(event, lane=lane, batch_ids=[row.id for row, _ in ready])
        return len(ready)

    def _silence(self, row: BatchRow, now: datetime) -> timedelta:
        """How long no sign of life is normal: doubles, so that a long backlog is not published over and over."""
        return self.patience if row.state is BatchState.NEW else max(self.patience, now - row.updated_at)

    def _mark(self) -> None:
        for due in sorted({due for _, due in self._unmarked.values()}):
            turns = {batch_id: turn for batch_id, (turn, its_due) in self._unmarked.items() if its_due == due}
            self.store.mark_published(turns, due=due)
            for batch_id in turns:
                del self._unmarked[batch_id]

    def _readable(self, row: BatchRow) -> Message | None:
        """The message of a batch; None (parked, told) when its bytes are gone or do not open."""
        try:
            return self._message(row)
        except FolderUnavailable as error:
            if self.quiet.may_speak(f"spool {row.file_id}"):
                self._tell(row, error)
            return None
        except (StoreCorrupt, SealError) as error:
            self.store.park(row.id, turn=row.turn, code=error.fault.code, now=self.clock.now())
            self._tell(row, error)
            return None

    def _tell(self, row: BatchRow, error: KakehashiError) -> None:
        self.events.emit(
            "batch.unpublishable",
            lane=row.lane,
            batch_id=row.id,
            file_id=row.file_id,
            request_id=row.request_id,
            code=error.fault.code,
        )

    def _message(self, row: BatchRow) -> Message:
        file = self.store.file(row.file_id)
        if file is None:
            raise StoreCorrupt
        body = self._body(row, file)
        item = item_of(row, body, urgent=row.urgent or row.lane in self.urgent)
        return write_message(item, records=row.records, profile=self.profile, config_hash=file.config_hash)

    def _body(self, row: BatchRow, file: FileRow) -> Sealed:
        if row.redrive_of is not None:
            gathered = gather(self._redriven(row)).to_bytes()
            return self.sealer.seal(gathered, context=seal_context(row.lane, row.request_id))
        if row.part_of is None:
            return read_chunk(self.spool, file, row)
        body = self.store.part_body(row.id)
        if body is None:
            raise StoreCorrupt
        return body

    def _redriven(self, row: BatchRow) -> list[Piece]:
        """Retried records: their sealed bytes, or those of the correction of the one that the batch is named after."""
        corrected = self.store.correction(row.id)
        carried = self.store.retried_in(row.id)
        payloads = self.store.payloads([exception.id for exception in carried])
        origins = {number: self.store.batch(number) for number in {exception.batch_id for exception in carried}}
        pieces = []
        for exception in carried:
            origin, payload = origins[exception.batch_id], payloads.get(exception.id)
            if origin is None or payload is None:
                raise StoreCorrupt
            context = record_context(origin, exception.record_no)
            if corrected is not None and exception.id == row.redrive_of:
                payload, context = corrected.payload, correction_context(row.lane, row.request_id)
            plain = self.sealer.open(payload, context=context)
            offset = origin.offset if exception.offset is None else exception.offset
            pieces.append(Piece(exception.record_no, offset, BatchBody.from_bytes(plain)))
        if len(pieces) != row.records:
            raise StoreCorrupt
        return pieces
