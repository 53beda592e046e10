"""A broker in memory with a clock that can be set, and with switches for what brokers do on bad days."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from kakehashi.errors import BrokerBlocked, BrokerMisconfigured, BrokerUnavailable, Fault
from kakehashi.ports.broker import DELAYS, URGENT, DeadLetter, Delivery, Message, QueueState
from kakehashi.ports.clock import Clock
from kakehashi.testing.memory_clock import MemoryClock

__all__ = ["DELIVERY_LIMIT", "MemoryBroker", "MemoryQueues"]

DELIVERY_LIMIT = 20
"""Times that a message may come back unacknowledged before it goes to the dead queue (a crash guard)."""

_SLICE = 0.01


@dataclass(slots=True, order=True)
class _Entry:
    position: int
    message: Message = field(compare=False)
    due: datetime | None = field(compare=False)
    returns: int = field(default=0, compare=False)


@dataclass(slots=True)
class _Lane:
    ready: list[_Entry] = field(default_factory=list)
    due: list[_Entry] = field(default_factory=list)
    delayed: list[_Entry] = field(default_factory=list)
    dead: list[tuple[Message, str]] = field(default_factory=list)
    in_hand: int = 0
    in_order: bool = False

    def promote(self, now: datetime) -> None:
        due = [entry for entry in self.delayed if entry.due is not None and entry.due <= now]
        if due:
            self.delayed = [entry for entry in self.delayed if entry not in due]
            for entry in due:
                heapq.heappush(self.due, entry)

    def way(self, *, delayed: bool) -> list[_Entry]:
        """What came with a delay stands in a line of its own."""
        return self.due if delayed else self.ready

    def give_back(self, entry: _Entry) -> None:
        self.in_hand -= 1
        entry.returns += 1
        if entry.returns > DELIVERY_LIMIT:
            self.dead.append((entry.message, "BRK-007"))
        else:
            heapq.heappush(self.way(delayed=entry.due is not None), entry)


class MemoryQueues:
    """The server behind MemoryBroker objects: what it holds outlives them. Thread-safe.

    `blocked`: publishing raises BrokerBlocked. `stop` and `start`: every call raises BrokerUnavailable between
    them, and what was in hand comes again.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or MemoryClock()
        self.blocked = False
        self.running = True
        self.changed = threading.Condition(threading.RLock())
        self.life = 0
        self.consumers: list[MemoryConsumer] = []
        self._lanes: dict[str, _Lane] = {}
        self._position = 0

    def stop(self) -> None:
        with self.changed:
            self.running = False
            self.life += 1
            for consumer in self.consumers:
                consumer.give_back()
            self.changed.notify_all()

    def start(self) -> None:
        with self.changed:
            self.running = True

    def delete(self, lane: str) -> None:
        """The queues of the lane are gone, with all that they held."""
        with self.changed:
            self._lanes.pop(lane, None)

    def declare(self, lane: str, *, in_order: bool = False) -> None:
        with self.changed:
            if self._lanes.setdefault(lane, _Lane(in_order=in_order)).in_order != in_order:
                raise BrokerMisconfigured(queue=lane)

    def lane(self, name: str) -> _Lane:
        try:
            return self._lanes[name]
        except KeyError:
            raise BrokerMisconfigured("BRK-005", queue=name) from None

    def has(self, name: str) -> bool:
        return name in self._lanes

    def add(self, message: Message, due: datetime | None) -> None:
        lane = self.lane(message.lane)
        self._position += 1
        entry = _Entry(self._position, message, due)
        if due is None:
            heapq.heappush(lane.ready, entry)
        else:
            lane.delayed.append(entry)

    def messages(self, lane: str) -> list[Message]:
        """Everything ready or delayed in the lane, in order: for assertions of tests."""
        with self.changed:
            held = self.lane(lane)
            return [entry.message for entry in sorted(held.ready + held.due + held.delayed)]

    def dead(self, lane: str) -> list[tuple[Message, str]]:
        """Dead messages with their codes."""
        with self.changed:
            return list(self.lane(lane).dead)


class MemoryConsumer:
    def __init__(self, broker: MemoryBroker, lanes: Sequence[str], prefetch: int) -> None:
        self._broker = broker
        self._queues = broker.queues
        self._urgent = [(name, delayed) for name in lanes if name == URGENT for delayed in (True, False)]
        self._ways = [(name, delayed) for name in lanes if name != URGENT for delayed in (True, False)]
        self._prefetch = prefetch
        self._life = self._queues.life
        self._hand: dict[int, _Entry] = {}
        self._closed = False

    def receive(self, most: int, timeout: timedelta) -> list[Delivery]:
        deadline = time.monotonic() + timeout.total_seconds()
        with self._queues.changed:
            while True:
                self._check()
                taken = self._take(most)
                left = deadline - time.monotonic()
                if taken or left <= 0:
                    return taken
                self._queues.changed.wait(min(left, _SLICE))

    def _check(self) -> None:
        if self._closed or self._broker.closed:
            raise BrokerUnavailable
        if self._life != self._queues.life:
            self._life = self._queues.life
            raise BrokerUnavailable
        if not self._queues.running:
            raise BrokerUnavailable

    def _take(self, room: int) -> list[Delivery]:
        """Urgent first, then the ways in turn, one message each, so that none starves."""
        now = self._queues.clock.now()
        for name, _ in (*self._urgent, *self._ways):
            self._queues.lane(name).promote(now)
        taken: list[Delivery] = []
        for way in self._urgent:
            while len(taken) < room and self._gives(way):
                taken.append(self._hand_out(way))
        while len(taken) < room and (ready := [way for way in self._ways if self._gives(way)]):
            taken.append(self._hand_out(ready[0]))
            self._ways.remove(ready[0])
            self._ways.append(ready[0])
        return taken

    def _gives(self, way: tuple[str, bool]) -> bool:
        """Whether the lane has such a message for this consumer."""
        name, delayed = way
        lane, mine = self._queues.lane(name), [entry for entry in self._hand.values() if entry.message.lane == name]
        held = sum((entry.due is not None) == delayed for entry in mine)
        taken = lane.in_order and lane.in_hand > len(mine)
        return bool(lane.way(delayed=delayed)) and held < self._prefetch and not taken

    def _hand_out(self, way: tuple[str, bool]) -> Delivery:
        lane = self._queues.lane(way[0])
        entry = heapq.heappop(lane.way(delayed=way[1]))
        lane.in_hand += 1
        self._hand[entry.position] = entry
        return Delivery(message=entry.message, redelivered=entry.returns > 0, tag=entry.position)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._queues.changed:
            if self._life != self._queues.life:
                return
            for delivery in deliveries:
                entry = self._hand.pop(delivery.tag, None)
                if entry is not None and self._queues.has(entry.message.lane):
                    self._queues.lane(entry.message.lane).in_hand -= 1

    def bury(self, delivery: Delivery, code: str) -> None:
        with self._queues.changed:
            if self._life == self._queues.life and delivery.tag in self._hand:
                self._queues.lane(delivery.message.lane).dead.append((delivery.message, code))
                self.acknowledge([delivery])

    def close(self) -> None:
        with self._queues.changed:
            if not self._closed:
                self._closed = True
                self._queues.consumers.remove(self)
                self.give_back()

    def give_back(self) -> None:
        for entry in self._hand.values():
            if self._queues.has(entry.message.lane):
                self._queues.lane(entry.message.lane).give_back(entry)
        self._hand.clear()
        self._queues.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class MemoryBroker:
    """Keeps the contract of ports.broker.Broker. Waiting for messages takes real time, delays take the clock's."""

    def __init__(self, queues: MemoryQueues | None = None) -> None:
        self.queues = queues or MemoryQueues()
        self.closed = False
        self._consumers: list[MemoryConsumer] = []

    def _check(self) -> None:
        if self.closed or not self.queues.running:
            raise BrokerUnavailable

    def declare(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> None:
        self._check()
        for name in (*lanes, URGENT):
            self.queues.declare(name, in_order=name in in_order)

    def publish(self, messages: Sequence[Message], *, delay: timedelta | None = None) -> None:
        if delay is not None and delay not in DELAYS:
            raise ValueError(str(delay))
        with self.queues.changed:
            self._check()
            if self.queues.blocked:
                raise BrokerBlocked
            due = None if delay is None else self.queues.clock.now() + delay
            for message in messages:
                self.queues.add(message, due)
            self.queues.changed.notify_all()

    def consume(self, lanes: Sequence[str], *, prefetch: int) -> MemoryConsumer:
        self._check()
        consumer = MemoryConsumer(self, lanes, prefetch)
        with self.queues.changed:
            self.queues.consumers.append(consumer)
        self._consumers.append(consumer)
        return consumer

    def depth(self, lane: str) -> int:
        with self.queues.changed:
            self._check()
            held = self.queues.lane(lane)
            return len(held.ready) + len(held.due) + len(held.delayed)

    def dead(self, lane: str) -> int:
        with self.queues.changed:
            self._check()
            return len(self.queues.lane(lane).dead)

    def dead_letters(self, lane: str, *, most: int) -> list[DeadLetter]:
        with self.queues.changed:
            self._check()
            return [DeadLetter(code=code, size=len(each.body)) for each, code in self.queues.lane(lane).dead[:most]]

    def discard_dead(self, lane: str, *, code: str | None, most: int) -> int:
        with self.queues.changed:
            self._check()
            dead = self.queues.lane(lane).dead
            gone = [entry for entry in dead if code in (None, entry[1])][:most]
            for entry in gone:
                dead.remove(entry)
            return len(gone)

    def inspect(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> list[QueueState]:  # noqa: ARG002  # `declare` compares
        with self.queues.changed:
            self._check()
            return [self._state(lane) for lane in lanes]

    def _state(self, lane: str) -> QueueState:
        fault = None if self.queues.has(lane) else Fault("BRK-005", facts={"queue": lane})
        messages = 0 if fault else len(self.queues.lane(lane).ready)
        consumers = len(self.queues.consumers)
        return QueueState(lane=lane, queue=lane, messages=messages, consumers=consumers, fault=fault)

    def probe(self) -> None:
        self._check()
        if self.queues.blocked:
            raise BrokerBlocked

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.close()
        self.closed = True
