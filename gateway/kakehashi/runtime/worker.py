"""Takes groups of deliveries, works on them side by side, publishes what follows, then acknowledges the group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from kakehashi.errors import InputError, KakehashiError, StoreError
from kakehashi.pipeline.envelope import WorkItem, read_message, write_message
from kakehashi.pipeline.work import Done, Foreign, LaneWork, Later, Step
from kakehashi.ports.broker import Broker, Consumer, Delivery, Message, delay_step
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog, Field
from kakehashi.runtime.logging import safe_trace

__all__ = ["Worker"]

_IDLE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One consumer and a small pool: as many batches side by side as the server allows connections."""

    lanes: Mapping[str, LaneWork]
    broker: Broker
    store: Store
    clock: Clock
    events: EventLog
    pool: ThreadPoolExecutor
    group: int
    profile: str
    config_hash: str

    def run_once(self, consumer: Consumer) -> int:
        """One group: receive, work, publish what follows (confirmed), acknowledge. Raises BrokerError, StoreError."""
        deliveries = consumer.receive(self.group, _IDLE)
        if not deliveries:
            return 0
        steps = list(self.pool.map(self._step, deliveries))
        later: dict[timedelta, list[Message]] = defaultdict(list)
        finished = []
        for delivery, step in zip(deliveries, steps, strict=True):
            match step:
                case Foreign(code=code):
                    consumer.bury(delivery, code)
                    self.events.emit("message.buried", lane=delivery.message.lane, code=code)
                    continue
                case Later(row=row, item=item, after=after):
                    message = write_message(
                        item, records=row.records, profile=self.profile, config_hash=self.config_hash
                    )
                    later[delay_step(after)].append(message)
                case Done():
                    pass
            finished.append(delivery)
            self._tell(step)
        for delay, messages in later.items():
            self.broker.publish(messages, delay=delay)
        consumer.acknowledge(finished)
        return len(deliveries)

    def _step(self, delivery: Delivery) -> Step:
        try:
            item = read_message(delivery.message)
        except InputError as error:
            return Foreign(error.fault.code)
        work = self.lanes.get(item.lane)
        if work is None:
            return Foreign("BRK-006")
        try:
            return work.advance(item, redelivered=delivery.redelivered)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # design.md §3.3: an unknown exception parks, it never loops
            return self._park(item, error)

    def _park(self, item: WorkItem, error: Exception) -> Step:
        """Something nobody thought of: the batch waits for an operator; the trace holds places, never values."""
        code = error.fault.code if isinstance(error, KakehashiError) else "GEN-001"
        self.events.emit(
            "worker.failed",
            lane=item.lane,
            batch_id=item.batch_id,
            code=code,
            error=type(error).__name__,
            at=safe_trace(error),
        )
        row = self.store.batch(item.batch_id)
        if row is None:
            return Foreign("BRK-006")
        self.store.park(row.id, turn=row.turn, code=code, now=self.clock.now())
        return Done("batch.parked", row, code)

    def _tell(self, step: Done | Later) -> None:
        row = step.row
        ids: dict[str, Field] = {
            "lane": row.lane,
            "batch_id": row.id,
            "file_id": row.file_id,
            "request_id": row.request_id,
        }
        match step:
            case Later(after=after, code=code):
                self.events.emit(step.event, after=after.total_seconds(), code=code, **ids)
            case Done(event="batch.settled"):
                self.events.emit(step.event, records=row.records, attempts=row.attempts, **ids)
            case Done(event="batch.parked", code=code):
                self.events.emit(step.event, code=code, **ids)
            case Done():
                self.events.emit(step.event, **ids)
