"""Takes messages of several lanes: the I/O thread fills bounded queues, `receive` drains them."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Self

import pika

from kakehashi.errors import BrokerError, BrokerUnavailable
from kakehashi.ports.broker import URGENT, Delivery
from kakehashi_adapters.amqp.address import Address
from kakehashi_adapters.amqp.io_thread import IoThread
from kakehashi_adapters.amqp.link import Link
from kakehashi_adapters.amqp.names import from_amqp, queue_name
from kakehashi_adapters.amqp.subscription import Arrival, Subscription
from kakehashi_adapters.amqp.translation import again

__all__ = ["AmqpConsumer"]

_ACK_SECONDS = 60.0


class _Intake:
    """One connection's worth of lanes; a new one after each loss. `changed` guards all that both threads touch."""

    def __init__(self, queues: dict[str, str], prefetch: int) -> None:
        self.changed = threading.Condition()
        self.ready: dict[str, deque[tuple[int, Arrival]]] = {lane: deque() for lane in queues}
        self.faults: dict[str, BrokerError] = {}
        self.error: BrokerError | None = None
        self.lanes = {
            lane: Subscription(
                queue,
                prefetch=prefetch,
                arrived=functools.partial(self._arrived, lane),
                voided=functools.partial(self._voided, lane),
            )
            for lane, queue in queues.items()
        }

    def opened(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        begun: set[str] = set()

        def begin(lane: str) -> None:
            begun.add(lane)
            if len(begun) == len(self.lanes):
                thread.ready()

        for lane, subscription in self.lanes.items():
            subscription.open(thread, connection, functools.partial(begin, lane))

    def blocked(self, is_blocked: bool) -> None:  # noqa: FBT001  # Connected; who only takes is not held up
        pass

    def lost(self, error: BrokerError) -> None:
        with self.changed:
            self.error = error
            self.changed.notify_all()

    def _arrived(self, lane: str, arrival: Arrival) -> None:
        with self.changed:
            self.ready[lane].append((self.lanes[lane].epoch, arrival))
            self.changed.notify()

    def _voided(self, lane: str, error: BrokerError | None) -> None:
        with self.changed:
            self.ready[lane].clear()
            if error is not None:
                self.faults[lane] = error
            self.changed.notify_all()


class AmqpConsumer:
    """Keeps the contract of ports.broker.Consumer.

    The broker sends up to `prefetch` of each lane ahead; more of a lane is never unacknowledged. A lane whose queue is
    missing raises BrokerMisconfigured now and then, when no other lane has anything to give, and voids nothing.
    """

    def __init__(
        self,
        address: Address,
        lanes: Sequence[str],
        *,
        prefetch: int,
        bury: Callable[[Delivery, str], None],
    ) -> None:
        queues = {lane: queue_name(address.prefix, lane, "work") for lane in lanes}
        self._turns = [lane for lane in queues if lane != URGENT]
        self._bury = bury
        self._link = Link(address.nodes, lambda: _Intake(queues, prefetch))
        self._current: tuple[IoThread, _Intake] | None = None
        self._tag = 0
        self._hand: dict[int, tuple[str, int, int]] = {}  # our tag → lane, epoch, tag of the lane's channel
        self.closed = False

    def receive(self, most: int, timeout: timedelta) -> list[Delivery]:
        deadline = time.monotonic() + timeout.total_seconds()
        self.connect()
        assert self._current is not None
        _, intake = self._current
        with intake.changed:
            while True:
                self._check(intake)
                taken = self._take(intake, most)
                left = deadline - time.monotonic()
                if taken:
                    return taken
                if intake.faults:
                    raise again(intake.faults.pop(next(iter(intake.faults))))
                if left <= 0:
                    return []
                intake.changed.wait(left)

    def connect(self) -> None:
        """Begin at once, and not with the first `receive`."""
        if self.closed:
            raise BrokerUnavailable
        self._current = self._current or self._link.get()

    def _check(self, intake: _Intake) -> None:
        if intake.error is not None:
            self._hand.clear()
            self._current = None
            raise again(intake.error)
        for tag in [tag for tag, (lane, epoch, _) in self._hand.items() if intake.lanes[lane].epoch != epoch]:
            del self._hand[tag]

    def _take(self, intake: _Intake, room: int) -> list[Delivery]:
        """Urgent first, then one of each lane in turn, so that none starves."""
        taken: list[Delivery] = []
        urgent = intake.ready.get(URGENT, deque())
        while urgent and len(taken) < room:
            taken.append(self._hand_out(URGENT, urgent.popleft()))
        while len(taken) < room and (lane := next((lane for lane in self._turns if intake.ready[lane]), None)):
            taken.append(self._hand_out(lane, intake.ready[lane].popleft()))
            self._turns.remove(lane)
            self._turns.append(lane)
        return taken

    def _hand_out(self, lane: str, arrived: tuple[int, Arrival]) -> Delivery:
        epoch, (tag, redelivered, properties, body) = arrived
        self._tag += 1
        self._hand[self._tag] = (lane, epoch, tag)
        return Delivery(message=from_amqp(lane, properties, body), redelivered=redelivered, tag=self._tag)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if self._current is None or self.closed:
            return
        thread, intake = self._current
        held = [self._hand.pop(delivery.tag) for delivery in deliveries if delivery.tag in self._hand]
        groups: dict[str, list[int]] = {}
        for lane, epoch, tag in held:
            if intake.lanes[lane].epoch == epoch:
                groups.setdefault(lane, []).append(tag)
        if groups:
            self._settle(intake, thread, groups)

    def _settle(self, intake: _Intake, thread: IoThread, groups: dict[str, list[int]]) -> None:
        """Returns when the broker has read the acks, or the connection is lost (the next receive tells)."""
        left = set(groups)

        def settled(lane: str) -> None:
            with intake.changed:
                left.discard(lane)
                intake.changed.notify_all()

        def settle() -> None:
            for lane, tags in groups.items():
                intake.lanes[lane].acknowledge(set(tags), functools.partial(settled, lane))

        try:
            thread.run(settle)
        except BrokerError:
            return
        epochs = {lane: intake.lanes[lane].epoch for lane in groups}
        deadline = time.monotonic() + _ACK_SECONDS
        with intake.changed:
            while any(intake.lanes[lane].epoch == epochs[lane] for lane in left) and intake.error is None:
                if not intake.changed.wait(deadline - time.monotonic()):
                    break

    def bury(self, delivery: Delivery, code: str) -> None:
        if not self.closed and self._current is not None and delivery.tag in self._hand:
            self._bury(delivery, code)
            self.acknowledge([delivery])

    def holds(self, lane: str) -> int:
        """Deliveries of the lane that are here and unacknowledged, about."""
        current = self._current
        ready = len(current[1].ready.get(lane, ())) if current is not None else 0
        return ready + sum(1 for held in list(self._hand.values()) if held[0] == lane)

    def close(self) -> None:
        self.closed = True
        self._link.close()
        self._hand.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
