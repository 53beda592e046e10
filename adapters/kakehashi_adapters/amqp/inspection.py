"""What the broker has and whether it takes a message, for commands: one plain connection, a question at a time."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TypeVar

import pika
from pika.adapters.blocking_connection import BlockingChannel

from kakehashi.errors import BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import QueueState
from kakehashi_adapters.amqp.address import Address
from kakehashi_adapters.amqp.names import Queue, queues
from kakehashi_adapters.amqp.translation import translate

__all__ = ["connected", "inspect", "probe", "translated"]

_T = TypeVar("_T")
_BLOCKED_SECONDS = 5.0
_DIFFERS = re.compile(r"inequivalent arg '([a-z-]{1,40})'")


def inspect(address: Address, lanes: Sequence[str], *, in_order: Collection[str]) -> list[QueueState]:
    """As ports.broker.Broker.inspect. Nothing is made: a queue is only declared when it is there."""
    with connected(address) as connection:
        wanted = [(lane, queue) for lane in lanes for queue in queues(address.prefix, lane, in_order=lane in in_order)]
        return [_state(connection, lane, queue) for lane, queue in wanted]


def _state(connection: pika.BlockingConnection, lane: str, queue: Queue) -> QueueState:
    try:
        channel = connection.channel()
        found = channel.queue_declare(queue.name, passive=True).method
        channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
        channel.close()
    except Exception as error:  # noqa: BLE001  # the edge: nothing may pass untranslated
        facts = _difference(error, queue)
        translated = translate(error, queue=queue.name, **facts)
        if not isinstance(translated, BrokerMisconfigured):
            raise translated from None
        return QueueState(lane=lane, queue=queue.name, messages=0, consumers=0, fault=translated.fault)
    return QueueState(
        lane=lane, queue=queue.name, messages=found.message_count, consumers=found.consumer_count, fault=None
    )


def _difference(error: Exception, queue: Queue) -> dict[str, str]:
    """The argument that differs: of the broker's words only a name that we know."""
    text = str(error.reply_text) if isinstance(error, pika.exceptions.ChannelClosedByBroker) else ""
    named = _DIFFERS.search(text)
    known = {*queue.arguments, "durable", "auto_delete", "exclusive"}
    return {"argument": named[1]} if named is not None and named[1] in known else {}


def probe(address: Address) -> None:
    """As ports.broker.Broker.probe: an empty message into a queue of this connection's own, confirmed."""
    with connected(address) as connection:

        def publish(channel: BlockingChannel) -> None:
            queue = f"{address.prefix}.probe.{secrets.token_hex(8)}"
            channel.queue_declare(queue, exclusive=True, auto_delete=True)
            channel.confirm_delivery()
            channel.basic_publish("", queue, b"", mandatory=True)

        translated(lambda: publish(connection.channel()))


@contextmanager
def connected(address: Address) -> Iterator[pika.BlockingConnection]:
    """Closed at the end of the block."""
    connection = _connect(address)
    try:
        yield connection
    finally:
        if connection.is_open:
            translated(connection.close)


def _connect(address: Address) -> pika.BlockingConnection:
    last: BrokerError = BrokerUnavailable()
    for node in address.nodes.in_turn():
        parameters = copy(node)
        parameters.blocked_connection_timeout = _BLOCKED_SECONDS
        try:
            return translated(lambda parameters=parameters: pika.BlockingConnection(parameters))  # type: ignore[misc]  # bound now
        except BrokerError as error:
            last = error
    raise last


def translated(call: Callable[[], _T]) -> _T:
    """Its answer; every exception of pika is one of ours."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # the edge: nothing may pass untranslated
        raise translate(error) from None
