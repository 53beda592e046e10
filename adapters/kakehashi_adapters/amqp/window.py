"""What the publishing connection has sent and not seen confirmed. Lives on the I/O thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

import pika
from pika.channel import Channel

from kakehashi.errors import BrokerError, BrokerMisconfigured, BrokerUnavailable, QueueRefused
from kakehashi_adapters.amqp.io_thread import IoThread
from kakehashi_adapters.amqp.names import Letter
from kakehashi_adapters.amqp.translation import translate

__all__ = ["Call", "Window"]

_MOST_LETTERS = 1_000
_MOST_BYTES = 16_000_000


class Call:
    """One call of publish. The I/O thread writes, the caller reads after `done` (and `progress` before)."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = letters
        self.sent = 0
        self.open = len(letters)
        self.queues = {letter.queue for letter in letters}
        self.progress = time.monotonic()
        self.abandoned = False
        self.error: BrokerError | None = None
        self.done = threading.Event()

    def confirm(self, error: BrokerError | None = None) -> None:
        self.open -= 1
        self.progress = time.monotonic()
        self.error = self.error or error
        if not self.open:
            self.done.set()

    def end(self, error: BrokerError) -> None:
        self.error = error
        self.done.set()


class Window:
    """Feeds calls into a channel in confirm mode, so many letters and bytes ahead of the confirms."""

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._thread: IoThread | None = None
        self._refused = False
        self._waiting: deque[Call] = deque()
        self._flying: dict[int, tuple[Call, Letter]] = {}
        self._flying_bytes = 0
        self._tag = 0
        self.blocked_since: float | None = None
        self.error: BrokerError | None = None

    def opened(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        def ready(channel: Channel) -> None:
            channel.add_on_close_callback(lambda _, reason: thread.fail(translate(reason)))
            channel.add_on_return_callback(thread.guard(self._returned))
            channel.confirm_delivery(thread.guard(self._confirmed), callback=lambda _: thread.ready())
            self._channel = channel
            self._thread = thread

        connection.channel(on_open_callback=thread.guard(ready))

    def blocked(self, is_blocked: bool) -> None:  # noqa: FBT001  # Connected
        self.blocked_since = time.monotonic() if is_blocked else None
        if not is_blocked:
            for call, _ in self._flying.values():
                call.progress = time.monotonic()
            self._feed()

    def lost(self, error: BrokerError) -> None:
        self.error = error
        for call in {*self._waiting, *(call for call, _ in self._flying.values())}:
            if call.open:
                call.end(error)
        self._waiting.clear()
        self._flying.clear()

    def add(self, call: Call) -> None:
        if self.error is not None:
            call.end(self.error)
            return
        self._waiting.append(call)
        self._feed()

    def _feed(self) -> None:
        """Nothing is sent into a blocked connection: whatever is sent there may land after the caller gave up."""
        channel = self._channel
        while channel is not None and self._waiting and self.blocked_since is None and self._has_room():
            call = self._waiting[0]
            if call.abandoned or call.sent == len(call.letters):
                self._waiting.popleft()
                continue
            letter = call.letters[call.sent]
            call.sent += 1
            channel.basic_publish("", letter.queue, letter.body, letter.properties, mandatory=True)
            self._tag += 1
            self._flying[self._tag] = (call, letter)
            self._flying_bytes += len(letter.body)

    def _has_room(self) -> bool:
        return not self._flying or (len(self._flying) < _MOST_LETTERS and self._flying_bytes < _MOST_BYTES)

    def _confirmed(self, frame: pika.frame.Method[pika.spec.Basic.Ack | pika.spec.Basic.Nack]) -> None:
        method = frame.method
        refused = isinstance(method, pika.spec.Basic.Nack)
        landed: list[tuple[Call, Letter]] = []
        first = next(iter(self._flying), method.delivery_tag) if method.multiple else method.delivery_tag
        for tag in range(first, method.delivery_tag + 1):
            if tag in self._flying:
                landed.append(self._flying.pop(tag))
                self._flying_bytes -= len(landed[-1][1].body)
        self._refused = self._refused or refused
        if self._refused:
            self._end_when_idle()
        for call, letter in landed:
            call.confirm(QueueRefused(queue=letter.queue) if refused else None)
        self._feed()

    def _end_when_idle(self) -> None:
        """RabbitMQ 3.10 may go on refusing on a channel after the queue's limit was lifted; a new one is free."""
        if (
            self._thread is not None
            and not self._flying
            and all(call.sent == len(call.letters) for call in self._waiting)
        ):
            self._thread.fail(BrokerUnavailable())

    def _returned(
        self, _channel: Channel, method: pika.spec.Basic.Return, _properties: pika.BasicProperties, _body: bytes
    ) -> None:
        """The queue is missing. Comes before the confirm of the same message, so its call still waits."""
        queue = method.routing_key or ""
        for call in {call for call, letter in self._flying.values() if letter.queue == queue}:
            call.error = BrokerMisconfigured("BRK-005", queue=queue)
