"""The dead queue of a lane, for operators: one after the other is taken, looked at, and given up or put back."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pika
from pika.adapters.blocking_connection import BlockingChannel

from kakehashi.ports.broker import DeadLetter
from kakehashi_adapters.amqp.address import Address
from kakehashi_adapters.amqp.inspection import connected, translated
from kakehashi_adapters.amqp.names import CODE_HEADER, queue_name

__all__ = ["discard", "look"]

_CODE = re.compile(r"[A-Z]{3}-[0-9]{3}")
_FOREIGN, _TOO_OFTEN = "BRK-006", "BRK-007"


def look(address: Address, lane: str, *, most: int) -> list[DeadLetter]:
    """As ports.broker.Broker.dead_letters. All go back when the channel closes, also with this process."""
    with connected(address) as connection:
        return [letter for _, letter in _taken(connection.channel(), queue_name(address.prefix, lane, "dead"), most)]


def discard(address: Address, lane: str, *, code: str | None, most: int) -> int:
    """As ports.broker.Broker.discard_dead. Others that were passed over go back."""
    given_up = 0
    with connected(address) as connection:
        channel = connection.channel()
        queue = queue_name(address.prefix, lane, "dead")
        everything = translated(lambda: channel.queue_declare(queue, passive=True)).method.message_count
        for tag, letter in _taken(channel, queue, everything):
            if code in (None, letter.code):
                translated(functools.partial(channel.basic_ack, tag))
                given_up += 1
            if given_up == most:
                break
        translated(channel.close)
    return given_up


def _taken(channel: BlockingChannel, queue: str, most: int) -> Iterator[tuple[int, DeadLetter]]:
    """The first ones, each with its tag; none comes twice while the channel is open."""
    for _ in range(most):
        method, properties, body = translated(functools.partial(channel.basic_get, queue))
        if method is None or method.delivery_tag is None or properties is None or body is None:
            return
        yield method.delivery_tag, DeadLetter(code=_code(properties), size=len(body))


def _code(properties: pika.BasicProperties) -> str:
    """That it was buried with; of one that the broker put here, by the broker's reason."""
    headers = properties.headers or {}
    code = headers.get(CODE_HEADER)
    if isinstance(code, str) and _CODE.fullmatch(code):
        return code
    return _TOO_OFTEN if headers.get("x-first-death-reason") == "delivery_limit" else _FOREIGN
