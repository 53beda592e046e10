"""Names and arguments of the queues, and how our messages look in AMQP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

import pika

from kakehashi.ports.broker import DELAY_STEPS, Message

__all__ = ["CODE_HEADER", "DELIVERY_LIMIT", "Letter", "Queue", "from_amqp", "letter", "queue_name", "queues"]

CODE_HEADER = "kakehashi-code"
"""On a buried message: the error code it was buried with."""

DELIVERY_LIMIT = 20
"""Times that a message may come back unacknowledged before it goes to the dead queue: a crash guard, not a retry."""

_NEVER = 1_000_000  # 4.x would drop a message of the dead queue after 20 returns; 3.10 knows no "unlimited"
# Set by the broker while it dead-letters or redelivers; the sender did not write them.
_BROKERS_OWN = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-opt-")


class Queue(NamedTuple):
    name: str
    arguments: Mapping[str, str | int]


class Letter(NamedTuple):
    """A message as pika takes it."""

    queue: str
    body: bytes
    properties: pika.BasicProperties


def queue_name(prefix: str, lane: str, kind: str) -> str:
    """`kind` is new, work, dead, or delay.<seconds>."""
    return f"{prefix}.{lane}.{kind}"


def delay_kind(delay: timedelta) -> str:
    """Of the queue for messages with this delay, one of DELAYS; what needs no wait goes where the others fall."""
    return f"delay.{int(delay.total_seconds())}" if delay else "work"


def queues(prefix: str, lane: str, *, in_order: bool = False) -> Iterator[Queue]:
    """The queues of a lane, in the order in which they must be made: targets of dead-lettering first.

    Quorum queues with at-least-once dead-lettering, which needs reject-publish (safety.md, facts 5 and 6); every
    argument is known to 3.10 and to 4.x. `in_order`: one consumer at a time is given messages, another one when its
    channel is gone. What follows on a batch falls from a delay into `work`, and so passes the backlog in `new`.
    """
    work, dead = queue_name(prefix, lane, "work"), queue_name(prefix, lane, "dead")
    yield Queue(dead, {"x-queue-type": "quorum", "x-delivery-limit": _NEVER})
    arguments = {**_dead_lettering_to(dead), "x-delivery-limit": DELIVERY_LIMIT}
    for name in (work, queue_name(prefix, lane, "new")):
        yield Queue(name, {**arguments, "x-single-active-consumer": True} if in_order else arguments)
    for step in DELAY_STEPS:
        ttl = int(step.total_seconds()) * 1000
        yield Queue(queue_name(prefix, lane, delay_kind(step)), {**_dead_lettering_to(work), "x-message-ttl": ttl})


def _dead_lettering_to(queue: str) -> dict[str, str | int]:
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def letter(prefix: str, message: Message, kind: str, *, code: str | None = None) -> Letter:
    headers: dict[str, str | int] = dict(message.headers)
    if code is not None:
        headers[CODE_HEADER] = code
    properties = pika.BasicProperties(
        message_id=message.id,
        delivery_mode=pika.DeliveryMode.Persistent,
        content_type="application/octet-stream",
        headers=headers,
    )
    return Letter(queue_name(prefix, message.lane, kind), message.body, properties)


def from_amqp(lane: str, properties: pika.BasicProperties, body: bytes) -> Message:
    """Also of a foreign message: a missing id is empty, headers of other types are left out."""
    headers = {
        name: int(value) if isinstance(value, int) else value  # pika has an int type of its own
        for name, value in (properties.headers or {}).items()
        if isinstance(value, (str, int)) and not isinstance(value, bool) and not name.startswith(_BROKERS_OWN)
    }
    return Message(id=properties.message_id or "", lane=lane, body=body, headers=headers)
