"""What an adapter of a broker brings to its conformance suite, and what the suite does again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from kakehashi.ports.broker import Broker, Consumer, DeadLetter, Delivery, Message

__all__ = ["BrokerBench", "BrokerFeatures", "dead", "depth_becomes", "drain", "ids", "messages", "named", "take"]

SOON = timedelta(seconds=10)
NOT_YET = timedelta(seconds=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFeatures:
    """durable: messages outlive every Broker object. limited: a message that comes back too often goes to the dead
    queue. large_body: bytes of the largest body that must pass. quiet: a queue that gave nothing for so long is empty.
    """

    durable: bool = True
    limited: bool = True
    large_body: int = 5_000_000
    quiet: timedelta = timedelta(seconds=0.5)


class BrokerBench(Protocol):
    """Queues of their own for one test. The bench closes every Broker that it opened."""

    features: BrokerFeatures

    def open(self) -> Broker:
        """Another Broker on the same queues; nothing is declared yet."""

    def pass_time(self, duration: timedelta) -> None:
        """Sleep, or move the clock that the broker knows."""

    def dead_letters(self, lane: str) -> Sequence[tuple[Message, str]]:
        """The dead messages of the lane, oldest first, with the code that each was buried with."""


def messages(count: int, lane: str = "tax") -> list[Message]:
    return [Message(id=f"{lane}-{number}", lane=lane, body=b"body %d" % number) for number in range(count)]


def take(consumer: Consumer, count: int, *, each: int = 100) -> list[Delivery]:
    """Exactly `count` deliveries, or fewer when no more come for a while."""
    taken: list[Delivery] = []
    while len(taken) < count:
        got = consumer.receive(min(each, count - len(taken)), SOON)
        if not got:
            break
        taken += got
    return taken


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.message.id for delivery in deliveries]


def dead(broker: Broker, count: int) -> list[DeadLetter]:
    """So many dead letters of a lane, at the latest a moment after somebody else has looked at them."""
    deadline = time.monotonic() + 10
    while len(found := broker.dead_letters("tax", most=10)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def drain(bench: BrokerBench, broker: Broker, lane: str = "tax") -> list[Delivery]:
    """All that is ready, acknowledged."""
    with broker.consume([lane], prefetch=50) as consumer:
        taken: list[Delivery] = []
        while got := consumer.receive(50, bench.features.quiet):
            taken += got
            consumer.acknowledge(got)
        return taken


def named(name: str, count: int) -> list[Message]:
    return [Message(id=f"{name}-{number:02}", lane="tax", body=b"") for number in range(count)]


def depth_becomes(broker: Broker, wanted: int) -> bool:
    """A broker may count a little late."""
    deadline = time.monotonic() + SOON.total_seconds()
    while time.monotonic() < deadline:
        if broker.depth("tax") == wanted:
            return True
        time.sleep(0.05)
    return False
