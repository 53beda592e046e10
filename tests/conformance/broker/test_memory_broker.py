"""The memory broker keeps the promises of the port, and its switches work."""

from datetime import timedelta

import pytest

from kakehashi.errors import BrokerBlocked, BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi.testing.broker_conformance import BrokerConformance, BrokerFeatures
from kakehashi.testing.memory_broker import MemoryBroker, MemoryQueues
from kakehashi.testing.memory_clock import MemoryClock

NOW = timedelta()
MESSAGE = Message(id="m", lane="tax", body=b"")


class MemoryBench:
    features = BrokerFeatures(quiet=timedelta(seconds=0.1))

    def __init__(self):
        self.clock = MemoryClock()
        self.queues = MemoryQueues(self.clock)
        self.pass_time = self.clock.advance
        self.dead_letters = self.queues.dead

    def open(self):
        return MemoryBroker(self.queues)


class TestMemoryBroker(BrokerConformance):
    @pytest.fixture
    def bench(self):
        return MemoryBench()


@pytest.fixture
def broker():
    broker = MemoryBroker()
    broker.declare(["tax"])
    return broker


def test_a_delay_takes_no_real_time(broker):
    """An hour's delay ends when the clock is moved by an hour, not a second earlier."""
    broker.publish([MESSAGE], delay=timedelta(hours=1))
    with broker.consume(["tax"], prefetch=1) as consumer:
        broker.queues.clock.advance(timedelta(minutes=59, seconds=59))
        assert consumer.receive(1, NOW) == []
        broker.queues.clock.advance(timedelta(seconds=1))
        assert [delivery.message for delivery in consumer.receive(1, NOW)] == [MESSAGE]


def test_a_blocked_broker_takes_nothing_and_gives(broker):
    """While blocked, publishing is BrokerBlocked and leaves nothing behind; consumers go on."""
    broker.publish([MESSAGE])
    broker.queues.blocked = True
    with pytest.raises(BrokerBlocked):
        broker.publish([MESSAGE])
    with broker.consume(["tax"], prefetch=5) as consumer:
        assert len(consumer.receive(5, NOW)) == 1
    broker.queues.blocked = False
    broker.publish([MESSAGE])
    assert broker.depth("tax") == 2


def test_a_restart_voids_what_was_in_hand(broker):
    """A stopped broker is unavailable; after its start the consumer is told once, and the delivery comes again."""
    broker.publish([MESSAGE])
    with broker.consume(["tax"], prefetch=1) as consumer:
        (first,) = consumer.receive(1, NOW)
        broker.queues.stop()
        with pytest.raises(BrokerUnavailable):
            broker.publish([MESSAGE])
        broker.queues.start()
        consumer.acknowledge([first])
        with pytest.raises(BrokerUnavailable):
            consumer.receive(1, NOW)
        (again,) = consumer.receive(1, NOW)
        assert (again.message, again.redelivered) == (MESSAGE, True)
        consumer.acknowledge([again])
    assert broker.depth("tax") == 0


def test_a_deleted_queue_is_missing(broker):
    """A lane whose queues were deleted is BrokerMisconfigured until it is declared again."""
    broker.queues.delete("tax")
    with pytest.raises(BrokerMisconfigured):
        broker.publish([MESSAGE])
    broker.declare(["tax"])
    broker.publish([MESSAGE])
    assert broker.queues.messages("tax") == [MESSAGE]
