"""The broker: carries sealed batches from intake to workers, and holds what must wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol, Self

from kakehashi.errors import Fault

__all__ = [
    "AT_ONCE",
    "DELAYS",
    "DELAY_STEPS",
    "URGENT",
    "Broker",
    "Consumer",
    "DeadLetter",
    "Delivery",
    "Message",
    "QueueState",
    "delay_step",
]

DELAY_STEPS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600))
"""The ladder: waiting happens in one queue per step, so no message ever waits behind a longer TTL."""

AT_ONCE = timedelta(0)
"""No wait, and past what was published without a delay."""

DELAYS = (AT_ONCE, *DELAY_STEPS)
"""What a message may be published with."""

URGENT: Final = "urgent"
"""The lane of the broker whose messages overtake all others; no route has this name."""


def delay_step(after: timedelta) -> timedelta:
    """The longest step not longer than `after`; the shortest for anything shorter."""
    fitting = [step for step in DELAY_STEPS if step <= after]
    return fitting[-1] if fitting else DELAY_STEPS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `id` and `headers` hold no personal value; `body` is sealed by the caller before it comes here.

    `lane` is a lane name of the configuration, or URGENT.
    """

    id: str
    lane: str
    body: bytes
    headers: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message in the hands of one consumer until it is acknowledged, or until its consumer dies."""

    message: Message
    redelivered: bool
    tag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message of a dead queue: why it is there, and how large it is. What it says itself may hold anything."""

    code: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue of a lane as it is: messages that are ready, consumers, and what is wrong with it (no such queue, other
    arguments).
    """

    lane: str
    queue: str
    messages: int
    consumers: int
    fault: Fault | None


class Consumer(Protocol):
    """Takes messages of some lanes. Ordered per lane as published, but for redeliveries. One thread at a time."""

    def receive(self, most: int, timeout: timedelta) -> list[Delivery]:
        """Up to `most` deliveries; waits at most `timeout` for the first one, not for the rest. May be empty.

        At most `prefetch` deliveries of each lane are unacknowledged at once, so that none takes another's place; and
        as many of those that were published with a delay, so that a follow-up waits behind no backlog of its lane.
        Raises BrokerUnavailable; afterwards deliveries in hand are void (they come again) and the next call connects
        anew.
        """

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are done with: never delivered again once this returned. A void delivery is passed over silently."""

    def bury(self, delivery: Delivery, code: str) -> None:
        """Move an unreadable message to the lane's dead queue with the error code as a header, then acknowledge."""

    def close(self) -> None:
        """Give everything unacknowledged back at once."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...


class Broker(Protocol):
    """Durable, at-least-once. Usable from several threads; a closed broker raises BrokerUnavailable."""

    def declare(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> None:
        """Make sure that work, delay and dead queues of `lanes` and of URGENT exist; idempotent.

        Of a lane that is also `in_order`, one consumer at a time has messages in hand, however many consume it; what
        comes back from it may come in another order. Raises BrokerMisconfigured where a queue exists with other
        arguments.
        """

    def publish(self, messages: Sequence[Message], *, delay: timedelta | None = None) -> None:
        """Returns when every message is durable (confirmed). With `delay` (one of DELAYS) they
        become visible to consumers that much later, and pass what was published without. Without any message it only
        tells whether a publish would be taken.

        Raises BrokerUnavailable (some may have landed: publish again, receivers compare ids), BrokerBlocked
        (alarm; nothing counted as tried), QueueRefused (one queue is full; the other messages may have landed) or
        BrokerMisconfigured (BRK-005: no such queue).
        """

    def consume(self, lanes: Sequence[str], *, prefetch: int) -> Consumer:
        """Begin to take messages, up to `prefetch` of each lane; URGENT goes first whenever it is among `lanes`."""

    def depth(self, lane: str) -> int:
        """Messages ready or delayed in the lane, in nobody's hand; about. Raises BrokerMisconfigured (BRK-005)."""

    def dead(self, lane: str) -> int:
        """Messages in the lane's dead queue."""

    def dead_letters(self, lane: str, *, most: int) -> list[DeadLetter]:
        """The oldest of them. For people: while it looks, others may see fewer."""

    def discard_dead(self, lane: str, *, code: str | None, most: int) -> int:
        """Give up up to `most` of them, the oldest first, with this code or (None) any; returns how many."""

    def inspect(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> list[QueueState]:
        """Every queue of the lanes beside what `declare` would make, the workers' among them; changes nothing."""

    def probe(self) -> None:
        """Raise BrokerUnavailable, BrokerBlocked or BrokerMisconfigured unless a message would be taken now."""

    def close(self) -> None: ...
