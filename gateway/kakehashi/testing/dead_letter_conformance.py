"""The part of the Broker's conformance suite about dead queues, as operators see them."""

from __future__ import annotations

import time
from datetime import timedelta

from kakehashi.ports.broker import Broker, DeadLetter, Message

__all__ = ["DeadLetterConformance"]


class DeadLetterConformance:
    """`broker` is the fixture of BrokerConformance."""

    def test_dead_letters_are_told_and_given_up_by_code(self, broker: Broker) -> None:
        """Each with its code and size, as often as one asks; given up by code, as many as are wanted; others stay."""
        broker.publish([Message(id=f"bad-{size}", lane="tax", body=bytes(size)) for size in range(1, 6)])
        with broker.consume(["tax"], prefetch=10) as consumer:
            for _ in range(100):
                for delivery in consumer.receive(10, timedelta(seconds=0.1)):
                    consumer.bury(delivery, "BRK-007" if delivery.message.id == "bad-3" else "BRK-006")
                if broker.dead("tax") == 5:
                    break
        for _ in range(2):
            found = _dead(broker, 5)
            assert sorted((each.size, each.code) for each in found) == [
                (1, "BRK-006"),
                (2, "BRK-006"),
                (3, "BRK-007"),
                (4, "BRK-006"),
                (5, "BRK-006"),
            ]
        assert len(broker.dead_letters("tax", most=2)) == 2
        _dead(broker, 5)
        assert broker.dead_letters("welfare", most=10) == []
        assert broker.discard_dead("tax", code="BRK-006", most=3) == 3
        assert sorted(each.code for each in _dead(broker, 2)) == ["BRK-006", "BRK-007"]
        _dead(broker, 2)
        assert broker.discard_dead("tax", code="BRK-006", most=10) == 1
        _dead(broker, 1)
        assert broker.discard_dead("tax", code=None, most=10) == 1
        assert (broker.dead("tax"), broker.discard_dead("tax", code=None, most=10)) == (0, 0)


def _dead(broker: Broker, count: int) -> list[DeadLetter]:
    """So many dead letters of a lane, at the latest a moment after somebody else has looked at them."""
    deadline = time.monotonic() + 10
    while len(found := broker.dead_letters("tax", most=10)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
