"""Works on batches side by side and finishes each as it ends: what follows is published, then it is acknowledged."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta

from kakehashi.errors import InputError, KakehashiError, StoreError
from kakehashi.failpoint import reached
from kakehashi.pipeline.envelope import WorkItem, read_message, write_message
from kakehashi.pipeline.step import Done, Foreign, Later, Step
from kakehashi.pipeline.work import LaneWork
from kakehashi.ports.broker import Consumer, Delivery, Message, delay_step
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.ports.store_rules import ENDED
from kakehashi.runtime.events import EventLog, Field
from kakehashi.runtime.following import Following
from kakehashi.runtime.logging import safe_trace
from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.schedule import Schedule

__all__ = ["Worker"]

_ALL = 1_000_000  # that the prefetch of the lanes lets come
_NOTHING = timedelta(0)
_ROWS = 2**63  # a greater number is no row of a ledger
_OUTAGE = frozenset({"SRV-002", "SRV-003", "SRV-004", "SRV-007", "SRV-016", "VAL-004"})
"""Of a server that is away: one line for all its batches."""
_GLANCE = 0.02  # seconds until a look for new deliveries while others are in work


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One consumer and a small pool: as many batches side by side as the server allows connections.

    `schedule` says whose batch is next; it has as many slots as the pool has threads.
    `idle`: how long to wait for a delivery when nothing is in hand.
    """

    lanes: Mapping[str, LaneWork]
    following: Following
    store: Store
    clock: Clock
    events: EventLog
    quiet: Quiet
    pool: ThreadPoolExecutor
    schedule: Schedule
    idle: timedelta = timedelta(seconds=1)
    profile: str
    config_hash: str
    tries: int = 3
    """How often a worker may die on a batch before that waits for an operator."""
    _in_work: dict[Future[Step], Delivery] = field(default_factory=dict, init=False)
    _unended: set[int] = field(default_factory=set, init=False)
    """Batches whose tries ended here without an end, because the ledger was away: nobody died."""

    _again: dict[int, list[Delivery]] = field(default_factory=dict, init=False)
    """Batch in work here → its deliveries that came meanwhile: the broker took the first one back. Nobody died."""

    def run_once(self, consumer: Consumer) -> int:
        """Take up what is there and finish what has ended; how many were taken up.

        Raises BrokerError, StoreError: then `let_go` comes before another consumer.
        """
        self.following.catch_up(consumer)
        taken = consumer.receive(_ALL, _NOTHING if self._in_work else self.idle)
        self._take_up(taken)
        self._begin()
        self._finish_ended(consumer, within=_GLANCE, go_on=True)
        return len(taken)

    def _take_up(self, taken: Sequence[Delivery]) -> None:
        """What a worker may have died on is worked on alone, so that its neighbours are not counted with it."""
        self._forgive(())
        again = _begun_again(taken)
        tried = self.store.tries(again) if again else {}
        for delivery in taken:
            self.schedule.add(delivery, alone=delivery.redelivered and _batch(delivery) in tried)

    def finish(self, consumer: Consumer, *, within: timedelta) -> int:
        """Begin nothing more; finish what is in work, as far as it ends in this time; how many did not. Raises as
        `run_once`.
        """
        deadline = time.monotonic() + within.total_seconds()
        while self._in_work and (left := deadline - time.monotonic()) > 0:
            self._finish_ended(consumer, within=left, go_on=False)
        self._forgive(self._in_work.values())
        return len(self._in_work)

    def _forgive(self, left: Iterable[Delivery]) -> None:
        """Tries that ended without an end, and what is left now, count for nothing: this worker is alive."""
        self._unended.update(_begun_again(left))
        if self._unended:
            self.store.end_tries(sorted(self._unended))
            self._unended.clear()

    def let_go(self) -> None:
        """Forget what is in hand, when no thread works on it any more: the broker will deliver it again."""
        for future in self._in_work:
            future.cancel()
        wait(self._in_work)
        self._unended.update(_begun_again(self._in_work.values()))
        self._in_work.clear()
        self._again.clear()
        self.schedule.clear()
        self.following.let_go()

    def _begin(self) -> None:
        while (delivery := self.schedule.begin()) is not None:
            number = _batch(delivery)
            if number is not None and any(number == _batch(each) for each in self._in_work.values()):
                self.schedule.end(delivery)
                self._again.setdefault(number, []).append(delivery)
                continue
            self._in_work[self.pool.submit(self._step, delivery)] = delivery

    def _finish_ended(self, consumer: Consumer, *, within: float, go_on: bool) -> None:
        ended, _ = wait(self._in_work, timeout=within, return_when=FIRST_COMPLETED)
        steps: list[tuple[Delivery, Step]] = []
        trouble: StoreError | None = None
        for future in [future for future in self._in_work if future in ended]:  # in the order of their arrival
            delivery = self._in_work.pop(future)
            for again in self._again.pop(_batch(delivery) or 0, ()):  # stale by now, or the next try
                self.schedule.add(again)
            try:
                step = future.result()
            except StoreError as error:
                trouble = error
                self._unended.update(_begun_again([delivery]))
            else:
                self.schedule.end(delivery, failed=isinstance(step, Later) and step.code is not None)
                steps.append((delivery, step))
        if go_on and trouble is None:
            self._begin()
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
                    self.following.bury(consumer, delivery, code)
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
            self.following.publish(messages, delay)
        if later:
            reached("worker.followed")
        consumer.acknowledge(finished)
        if finished:
            reached("worker.acknowledged")

    def _step(self, delivery: Delivery) -> Step:
        reached("worker.received")
        try:
            item = read_message(delivery.message)
        except InputError as error:
            return Foreign(error.fault.code)
        work = self.lanes.get(item.lane)
        if work is None:
            return Foreign("BRK-006")
        if delivery.redelivered and (step := self._begin_again(item)) is not None:
            return step
        reached("worker.begun", f"B{item.batch_id}")
        try:
            step = work.advance(item, redelivered=delivery.redelivered)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # design.md §3.3: an unknown exception parks, it never loops
            step = self._park(item, error)
        if delivery.redelivered:
            self.store.end_tries([item.batch_id])
        return step

    def _begin_again(self, item: WorkItem) -> Step | None:
        """Count a step that was begun before and not ended; one on which `tries` workers died is put aside.

        The first of them could not be counted: nobody writes down what he has not begun for the second time.
        """
        row = self.store.batch(item.batch_id)
        if row is None or row.state in ENDED or row.request_id != item.request_id:
            return None
        if self.store.tries([row.id]).get(row.id, 0) < self.tries - 1:
            self.store.begin_try(row.id, turn=row.turn)
            return None
        self.store.park(row.id, turn=row.turn, code="BRK-010", now=self.clock.now())
        self.store.end_tries([row.id])
        return Done("batch.parked", row, "BRK-010")

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


def _begun_again(deliveries: Iterable[Delivery]) -> list[int]:
    return [number for each in deliveries if each.redelivered and (number := _batch(each)) is not None]


def _batch(delivery: Delivery) -> int | None:
    number = delivery.message.headers.get("batch")
    return number if isinstance(number, int) and abs(number) < _ROWS else None
