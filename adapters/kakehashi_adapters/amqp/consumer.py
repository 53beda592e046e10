"""Takes messages of several lanes: the I/O thread fills bounded lines, `receive` drains them."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
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
_WAYS = ("work", "new")
"""The queues of a lane that are consumed, each with a prefetch of its own."""


class _Intake:
    """One connection's worth of queues; a new one after each loss. `changed` guards all that both threads touch."""

    def __init__(self, queues: Collection[str], prefetch: int) -> None:
        self.changed = threading.Condition()
        self.ready: dict[str, deque[tuple[int, Arrival]]] = {queue: deque() for queue in queues}
        self.faults: dict[str, BrokerError] = {}
        self.error: BrokerError | None = None
        self.queues = {
            queue: Subscription(
                queue,
                prefetch=prefetch,
                arrived=functools.partial(self._arrived, queue),
                voided=functools.partial(self._voided, queue),
            )
            for queue in queues
        }

    def opened(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        begun: set[str] = set()

        def begin(queue: str) -> None:
            begun.add(queue)
            if len(begun) == len(self.queues):
                thread.ready()

        for queue, subscription in self.queues.items():
            subscription.open(thread, connection, functools.partial(begin, queue))

    def blocked(self, is_blocked: bool) -> None:  # noqa: FBT001  # Connected; who only takes is not held up
        pass

    def lost(self, error: BrokerError) -> None:
        with self.changed:
            self.error = error
            self.changed.notify_all()

    def _arrived(self, queue: str, arrival: Arrival) -> None:
        with self.changed:
            self.ready[queue].append((self.queues[queue].epoch, arrival))
            self.changed.notify()

    def _voided(self, queue: str, error: BrokerError | None) -> None:
        with self.changed:
            self.ready[queue].clear()
            if error is not None:
                self.faults[queue] = error
            self.changed.notify_all()


class AmqpConsumer:
    """Keeps the contract of ports.broker.Consumer.

    The broker sends up to `prefetch` of each queue ahead; more of it is never unacknowledged. A lane with a missing
    queue raises BrokerMisconfigured now and then, when no other lane has anything to give, and voids nothing.
    """

    def __init__(
        self,
        address: Address,
        lanes: Sequence[str],
        *,
        prefetch: int,
        bury: Callable[[Delivery, str], None],
    ) -> None:
        self._lanes = {queue_name(address.prefix, lane, way): lane for lane in lanes for way in _WAYS}
        self._urgent = [queue for queue, lane in self._lanes.items() if lane == URGENT]
        self._turns = [queue for queue, lane in self._lanes.items() if lane != URGENT]
        self._bury = bury
        self._link = Link(address.nodes, lambda: _Intake(self._lanes, prefetch))
        self._current: tuple[IoThread, _Intake] | None = None
        self._tag = 0
        self._hand: dict[int, tuple[str, int, int]] = {}  # our tag → queue, epoch, tag of the queue's channel
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
        for tag in [tag for tag, (queue, epoch, _) in self._hand.items() if intake.queues[queue].epoch != epoch]:
            del self._hand[tag]

    def _take(self, intake: _Intake, room: int) -> list[Delivery]:
        """Urgent first, then one of each queue in turn, so that none starves."""
        taken: list[Delivery] = []
        for queue in self._urgent:
            while intake.ready[queue] and len(taken) < room:
                taken.append(self._hand_out(queue, intake.ready[queue].popleft()))
        while len(taken) < room and (queue := next((queue for queue in self._turns if intake.ready[queue]), "")):
            taken.append(self._hand_out(queue, intake.ready[queue].popleft()))
            self._turns.remove(queue)
            self._turns.append(queue)
        return taken

    def _hand_out(self, queue: str, arrived: tuple[int, Arrival]) -> Delivery:
        epoch, (tag, redelivered, properties, body) = arrived
        self._tag += 1
        self._hand[self._tag] = (queue, epoch, tag)
        message = from_amqp(self._lanes[queue], properties, body)
        return Delivery(message=message, redelivered=redelivered, tag=self._tag)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if self._current is None or self.closed:
            return
        thread, intake = self._current
        held = [self._hand.pop(delivery.tag) for delivery in deliveries if delivery.tag in self._hand]
        groups: dict[str, list[int]] = {}
        for queue, epoch, tag in held:
            if intake.queues[queue].epoch == epoch:
                groups.setdefault(queue, []).append(tag)
        if groups:
            self._settle(intake, thread, groups)

    def _settle(self, intake: _Intake, thread: IoThread, groups: dict[str, list[int]]) -> None:
        """Returns when the broker has read the acks, or the connection is lost (the next receive tells)."""
        left = set(groups)

        def settled(queue: str) -> None:
            with intake.changed:
                left.discard(queue)
                intake.changed.notify_all()

        def settle() -> None:
            for queue, tags in groups.items():
                intake.queues[queue].acknowledge(set(tags), functools.partial(settled, queue))

        try:
            thread.run(settle)
        except BrokerError:
            return
        epochs = {queue: intake.queues[queue].epoch for queue in groups}
        deadline = time.monotonic() + _ACK_SECONDS
        with intake.changed:
            while any(intake.queues[queue].epoch == epochs[queue] for queue in left) and intake.error is None:
                if not intake.changed.wait(deadline - time.monotonic()):
                    break

    def bury(self, delivery: Delivery, code: str) -> None:
        if not self.closed and self._current is not None and delivery.tag in self._hand:
            self._bury(delivery, code)
            self.acknowledge([delivery])

    def close(self) -> None:
        self.closed = True
        self._link.close()
        self._hand.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
