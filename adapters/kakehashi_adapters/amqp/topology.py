"""Declares the queues and counts what they hold."""

from __future__ import annotations

import functools
import threading
from collections.abc import Collection, Sequence

import pika
from pika.channel import Channel

from kakehashi.errors import BrokerError, BrokerUnavailable
from kakehashi_adapters.amqp.address import Address
from kakehashi_adapters.amqp.io_thread import IoThread
from kakehashi_adapters.amqp.link import Link
from kakehashi_adapters.amqp.names import Queue, queues
from kakehashi_adapters.amqp.translation import again, translate

__all__ = ["Topology"]

_SECONDS_PER_QUEUE = 10.0


class _Desk:
    """The connection's owner: does one round of declarations after another, each on a channel of its own."""

    def __init__(self) -> None:
        self.connection: pika.SelectConnection | None = None
        self.thread: IoThread | None = None
        self.round: _Round | None = None

    def opened(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        self.thread, self.connection = thread, connection
        thread.ready()

    def blocked(self, is_blocked: bool) -> None:  # noqa: FBT001  # Connected; nothing is published here
        pass

    def lost(self, error: BrokerError) -> None:
        if self.round is not None:
            self.round.end(error)

    def begin(self, one: _Round) -> None:
        self.round = one
        assert self.connection is not None
        assert self.thread is not None
        self.connection.channel(on_open_callback=self.thread.guard(functools.partial(one.run, self.thread)))


class _Round:
    """A list of queues to declare, or (passively) to look at. `counts` are their ready messages."""

    def __init__(self, wanted: Sequence[Queue], *, passive: bool) -> None:
        self._wanted = wanted
        self._passive = passive
        self.counts: list[int] = []
        self.error: BrokerError | None = None
        self.done = threading.Event()

    def run(self, thread: IoThread, channel: Channel) -> None:
        def closed(_channel: Channel, reason: BaseException) -> None:
            if not self.done.is_set():
                self.end(translate(reason, queue=self._wanted[len(self.counts)].name))

        def answered(frame: pika.frame.Method[pika.spec.Queue.DeclareOk]) -> None:
            self.counts.append(frame.method.message_count)
            if len(self.counts) < len(self._wanted):
                declare()
            else:
                self.done.set()
                channel.close()

        def declare() -> None:
            queue = self._wanted[len(self.counts)]
            arguments = None if self._passive else dict(queue.arguments)
            channel.queue_declare(
                queue.name,
                passive=self._passive,
                durable=True,
                arguments=arguments,
                callback=thread.guard(answered),
            )

        channel.add_on_close_callback(thread.guard(closed))
        declare()

    def end(self, error: BrokerError) -> None:
        self.error = error
        self.done.set()


class Topology:
    """One connection, made by the first call and again after each loss. Threads take turns."""

    def __init__(self, address: Address) -> None:
        self._prefix = address.prefix
        self._turn = threading.Lock()
        self._link = Link(address.nodes, _Desk)

    def declare(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> None:
        """All queues of the lanes. Raises BrokerMisconfigured with the name of the first queue that differs."""
        wanted = [queue for lane in lanes for queue in queues(self._prefix, lane, in_order=lane in in_order)]
        self._do(wanted, passive=False)

    def count(self, names: Sequence[str]) -> list[int]:
        """Messages ready in each queue. Raises BrokerMisconfigured (BRK-005) when one is missing."""
        return self._do([Queue(name, {}) for name in names], passive=True)

    def _do(self, wanted: Sequence[Queue], *, passive: bool) -> list[int]:
        with self._turn:
            thread, desk = self._link.get()
            one = _Round(wanted, passive=passive)
            thread.run(functools.partial(desk.begin, one))
            if not one.done.wait(_SECONDS_PER_QUEUE * len(wanted)):
                self._link.drop(thread)
                raise BrokerUnavailable
            if one.error is not None:
                raise again(one.error)
            return one.counts

    def close(self) -> None:
        self._link.close()
