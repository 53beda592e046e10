"""One queue of a consumer: its channel, what it has been sent, what is unacknowledged. Lives on the I/O thread."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pika
from pika.channel import Channel

from kakehashi.errors import BrokerError, BrokerMisconfigured
from kakehashi_adapters.amqp.io_thread import IoThread
from kakehashi_adapters.amqp.translation import translate

__all__ = ["Arrival", "Subscription"]

Arrival = tuple[int, bool, pika.BasicProperties, bytes]
"""Delivery tag of the channel, redelivered, properties, body."""

_RETRY_SECONDS = (0.1, 1.0, 5.0)


class Subscription:
    """A channel of its own, so that a queue that is deleted or refused takes no other with it: it is tried
    again, and only this queue's deliveries are void. `epoch` counts the channels.
    """

    def __init__(
        self,
        queue: str,
        *,
        prefetch: int,
        arrived: Callable[[Arrival], None],
        voided: Callable[[BrokerError | None], None],
    ) -> None:
        self.queue = queue
        self.epoch = 0
        self._prefetch = prefetch
        self._arrived = arrived
        self._voided = voided
        self._thread: IoThread | None = None
        self._connection: pika.SelectConnection | None = None
        self._channel: Channel | None = None
        self._unacknowledged: dict[int, None] = {}  # in the order of arrival, which is that of the tags
        self._failures = 0

    def open(self, thread: IoThread, connection: pika.SelectConnection, begun: Callable[[], None]) -> None:
        """Call `begun` once, when messages begin to come or cannot come."""
        self._thread, self._connection = thread, connection

        def opened(channel: Channel) -> None:
            self._channel = channel
            channel.add_on_close_callback(thread.guard(closed))
            channel.add_on_cancel_callback(lambda _: channel.close())
            channel.basic_qos(prefetch_count=self._prefetch)
            channel.basic_consume(self.queue, thread.guard(self._deliver), callback=thread.guard(consuming))

        def consuming(_frame: object) -> None:
            self._failures = 0
            begun()

        def closed(_channel: Channel, reason: BaseException) -> None:
            self._close(reason)
            begun()

        connection.channel(on_open_callback=thread.guard(opened))

    def _deliver(
        self, _channel: Channel, method: pika.spec.Basic.Deliver, properties: pika.BasicProperties, body: bytes
    ) -> None:
        assert method.delivery_tag is not None
        self._unacknowledged[method.delivery_tag] = None
        self._arrived((method.delivery_tag, bool(method.redelivered), properties, body))

    def _close(self, reason: BaseException) -> None:
        self.epoch += 1
        self._channel = None
        self._unacknowledged.clear()
        error = translate(reason, queue=self.queue)
        self._voided(error if isinstance(error, BrokerMisconfigured) and self._is_refusal(error) else None)
        thread, connection = self._thread, self._connection
        if thread is not None and connection is not None and connection.is_open and thread.error is None:
            wait = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
            self._failures += 1
            thread.later(wait, lambda: self._reopen(thread, connection))

    def _is_refusal(self, error: BrokerError) -> bool:
        """A 406 on a channel that only consumes is RabbitMQ's consumer_timeout: unpleasant, no misconfiguration."""
        return error.fault.facts.get("reply") != 406

    def _reopen(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        if connection.is_open and self._channel is None:
            self.open(thread, connection, lambda: None)

    def acknowledge(self, tags: Collection[int], acknowledged: Callable[[], None]) -> None:
        """One multiple ack for all that stand at the front, single ones for the rest; then a round trip, so that
        the broker has read them when `acknowledged` is called.
        """
        if self._channel is None or not self._channel.is_open:
            acknowledged()
            return
        last = 0
        for tag in self._unacknowledged:
            if tag not in tags:
                break
            last = tag
        if last:
            self._channel.basic_ack(last, multiple=True)
        for tag in tags:
            if self._unacknowledged.pop(tag, self) is None and tag > last:
                self._channel.basic_ack(tag)
        self._channel.basic_qos(prefetch_count=self._prefetch, callback=lambda _: acknowledged())
