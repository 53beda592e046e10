"""Works on batches side by side and finishes each as it ends: what follows is published, then it is acknowledged."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta

from kakehashi.errors import InputError, KakehashiError, QueueRefused, StoreError
from kakehashi.failpoint import reached
from kakehashi.pipeline.envelope import WorkItem, read_message, write_message
from kakehashi.pipeline.work import Done, Foreign, LaneWork, Later, Step
from kakehashi.ports.broker import Broker, Consumer, Delivery, Message, delay_step
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog, Field
from kakehashi.runtime.logging import safe_trace
from kakehashi.runtime.outage import Quiet

__all__ = ["Worker"]

_NOTHING = timedelta(0)
_OUTAGE = frozenset({"SRV-002", "SRV-003", "SRV-004", "SRV-007", "SRV-016", "VAL-004"})
"""Of a server that is away: one line for all its batches."""
_GLANCE = 0.02  # seconds until a look for new deliveries while others are in work


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One consumer and a small pool: as many batches side by side as the server allows connections.

    Of a lane that works in order, one at a time, as they arrived: the others stand in line.

    `most`: deliveries in hand at once; more than the pool has threads, so that none waits for the next delivery.
    `idle`: how long to wait for a delivery when nothing is in hand.
    """

    lanes: Mapping[str, LaneWork]
    broker: Broker
    store: Store
    clock: Clock
    events: EventLog
    quiet: Quiet
    pool: ThreadPoolExecutor
    most: int
    idle: timedelta = timedelta(seconds=1)
    profile: str
    config_hash: str
    _in_hand: dict[Future[Step], Delivery] = field(default_factory=dict, init=False)
    _line: dict[str, deque[Delivery]] = field(default_factory=dict, init=False)
    """What stands in line, by lane that works in order and has one in hand; the prefetch of the lane bounds it."""

    def run_once(self, consumer: Consumer) -> int:
        """Take up what is there and finish what has ended; how many were taken up.

        Raises BrokerError, StoreError: then `let_go` comes before another consumer.
        """
        room = self.most - len(self._in_hand)
        taken = consumer.receive(room, _NOTHING if self._in_hand else self.idle) if room else []
        for delivery in taken:
            self._take_up(delivery)
        self._finish_ended(consumer, within=_GLANCE)
        return len(taken)

    def finish(self, consumer: Consumer, *, within: timedelta) -> None:
        """Take up nothing more; finish what is in hand, as far as it ends in this time. Raises as `run_once`."""
        deadline = time.monotonic() + within.total_seconds()
        while self._in_hand and (left := deadline - time.monotonic()) > 0:
            self._finish_ended(consumer, within=left)

    def let_go(self) -> None:
        """Forget what is in hand, when no thread works on it any more: the broker will deliver it again."""
        for future in self._in_hand:
            future.cancel()
        wait(self._in_hand)
        self._in_hand.clear()
        self._line.clear()

    def _take_up(self, delivery: Delivery) -> None:
        lane = delivery.message.lane
        if lane in self._line:
            self._line[lane].append(delivery)
            return
        if (work := self.lanes.get(lane)) is not None and work.in_order:
            self._line[lane] = deque()
        self._in_hand[self.pool.submit(self._step, delivery)] = delivery

    def _take_next(self, lane: str) -> None:
        """The one in hand has ended: whoever stands first in line is next."""
        line = self._line.pop(lane, None)
        if line:
            self._take_up(line.popleft())
            self._line[lane] = line

    def _finish_ended(self, consumer: Consumer, *, within: float) -> None:
        ended, _ = wait(self._in_hand, timeout=within, return_when=FIRST_COMPLETED)
        steps: list[tuple[Delivery, Step]] = []
        trouble: StoreError | None = None
        for future in [future for future in self._in_hand if future in ended]:  # in the order of their arrival
            delivery = self._in_hand.pop(future)
            try:
                steps.append((delivery, future.result()))
            except StoreError as error:
                trouble = error
            else:
                self._take_next(delivery.message.lane)
        self._carry_on(consumer, steps)
        if trouble is not None:
            raise trouble

    def _carry_on(self, consumer: Consumer, steps: Sequence[tuple[Delivery, Step]]) -> None:
        """Publish what follows, confirmed; then acknowledge."""
        later: dict[timedelta, list[Message]] = defaultdict(list)
        finished = []
        for delivery, step in steps:
            match step:
                case Foreign(code=code):
                    try:
                        consumer.bury(delivery, code)
                    except QueueRefused as error:  # it stays in hand until the broker takes it back
                        self._lane_refused(delivery.message.lane, error)
                        continue
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
            self._publish(messages, delay)
        if later:
            reached("worker.followed")
        consumer.acknowledge(finished)
        if finished:
            reached("worker.acknowledged")

    def _publish(self, messages: Sequence[Message], delay: timedelta) -> None:
        """Where a lane's queue takes nothing, the ledger publishes the batch again once it is overdue."""
        try:
            self.broker.publish(messages, delay=delay)
        except QueueRefused as error:
            if len({message.lane for message in messages}) == 1:
                self._lane_refused(messages[0].lane, error)
                return
            for message in messages:
                self._publish([message], delay)

    def _lane_refused(self, lane: str, error: QueueRefused) -> None:
        if self.quiet.may_speak(f"lane {lane}"):
            self.events.emit("lane.unavailable", lane=lane, code=error.fault.code)

    def _step(self, delivery: Delivery) -> Step:
        reached("worker.received")
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
            case Later(event="batch.held", after=after, code=code):
                if self.quiet.may_speak(f"held {code}"):
                    self.events.emit("server.held", lane=row.lane, code=code, after=after.total_seconds())
            case Later(code=code) if code in _OUTAGE:
                if self.quiet.may_speak(f"failed {code}"):
                    self.events.emit("server.failed", lane=row.lane, code=code)
            case Later(after=after, code=code):
                self.events.emit(step.event, after=after.total_seconds(), code=code, **ids)
            case Done(event="batch.settled"):
                self.events.emit(step.event, records=row.records, attempts=row.attempts, **ids)
            case Done(event="batch.parked", code=code):
                self.events.emit(step.event, code=code, **ids)
            case Done():
                self.events.emit(step.event, **ids)
