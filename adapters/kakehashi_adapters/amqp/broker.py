"""The broker port on RabbitMQ."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from datetime import timedelta

from kakehashi.errors import BrokerUnavailable
from kakehashi.ports.broker import DELAYS, URGENT, DeadLetter, Delivery, Message, QueueState
from kakehashi_adapters.amqp import dead_queue, inspection
from kakehashi_adapters.amqp.address import Address, parse_address
from kakehashi_adapters.amqp.consumer import AmqpConsumer
from kakehashi_adapters.amqp.names import delay_kind, letter, queue_name, queues
from kakehashi_adapters.amqp.publisher import Publisher
from kakehashi_adapters.amqp.topology import Topology

__all__ = ["AmqpBroker", "open_broker"]


def open_broker(url: str) -> AmqpBroker:
    """See `address.parse_address` for the URL. Connects with the first call, not here."""
    return AmqpBroker(parse_address(url))


class AmqpBroker:
    """Keeps the contract of ports.broker.Broker.

    A call while the broker is down fails at once; the connection is tried again by a later call, with growing gaps.
    """

    def __init__(self, address: Address) -> None:
        # pika logs frames at DEBUG and the broker's words above it; what matters of them comes as our errors.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self._address = address
        self._publisher = Publisher(address)
        self._topology = Topology(address)
        self._lock = threading.Lock()
        self._consumers: list[AmqpConsumer] = []
        self._closed = False

    def declare(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> None:
        self._topology.declare(list(dict.fromkeys((*lanes, URGENT))), in_order=in_order)

    def publish(self, messages: Sequence[Message], *, delay: timedelta | None = None) -> None:
        if delay is not None and delay not in DELAYS:
            raise ValueError(str(delay))
        kind = "new" if delay is None else delay_kind(delay)
        self._publisher.publish([letter(self._address.prefix, message, kind) for message in messages])

    def _bury(self, delivery: Delivery, code: str) -> None:
        self._publisher.publish([letter(self._address.prefix, delivery.message, "dead", code=code)])

    def consume(self, lanes: Sequence[str], *, prefetch: int) -> AmqpConsumer:
        if self._closed:
            raise BrokerUnavailable
        consumer = AmqpConsumer(self._address, lanes, prefetch=prefetch, bury=self._bury)
        consumer.connect()
        with self._lock:
            self._consumers = [*(one for one in self._consumers if not one.closed), consumer]
        return consumer

    def depth(self, lane: str) -> int:
        names = [queue.name for queue in queues(self._address.prefix, lane)]
        names.remove(queue_name(self._address.prefix, lane, "dead"))
        return sum(self._topology.count(names))

    def dead(self, lane: str) -> int:
        return self._topology.count([queue_name(self._address.prefix, lane, "dead")])[0]

    def dead_letters(self, lane: str, *, most: int) -> list[DeadLetter]:
        return dead_queue.look(self._address, lane, most=most)

    def discard_dead(self, lane: str, *, code: str | None, most: int) -> int:
        return dead_queue.discard(self._address, lane, code=code, most=most)

    def inspect(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> list[QueueState]:
        return inspection.inspect(self._address, lanes, in_order=in_order)

    def probe(self) -> None:
        inspection.probe(self._address)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            consumers, self._consumers = self._consumers, []
        for consumer in consumers:
            consumer.close()
        self._publisher.close()
        self._topology.close()
