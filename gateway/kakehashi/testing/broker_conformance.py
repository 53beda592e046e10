"""What every Broker promises. Subclass with a fixture `bench` that gives a BrokerBench with empty queues.

An adapter says what it is in `Features` and is held to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Protocol

import pytest

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import AT_ONCE, DELAY_STEPS, Broker, Consumer, Delivery, Message
from kakehashi.testing.dead_letter_conformance import DeadLetterConformance

__all__ = ["BrokerBench", "BrokerConformance", "BrokerFeatures"]

_SOON = timedelta(seconds=10)
_NOT = timedelta(seconds=0.2)
_STEP = DELAY_STEPS[0]


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


def _messages(count: int, lane: str = "tax") -> list[Message]:
    return [Message(id=f"{lane}-{number}", lane=lane, body=b"body %d" % number) for number in range(count)]


def _take(consumer: Consumer, count: int, *, each: int = 100) -> list[Delivery]:
    """Exactly `count` deliveries, or fewer when no more come for a while."""
    taken: list[Delivery] = []
    while len(taken) < count:
        got = consumer.receive(min(each, count - len(taken)), _SOON)
        if not got:
            break
        taken += got
    return taken


def _ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.message.id for delivery in deliveries]


def _drain(bench: BrokerBench, broker: Broker, lane: str = "tax") -> list[Delivery]:
    """All that is ready, acknowledged."""
    with broker.consume([lane], prefetch=50) as consumer:
        taken: list[Delivery] = []
        while got := consumer.receive(50, bench.features.quiet):
            taken += got
            consumer.acknowledge(got)
        return taken


class BrokerConformance(DeadLetterConformance):
    @pytest.fixture
    def broker(self, bench: BrokerBench) -> Broker:
        broker = bench.open()
        broker.declare(["tax", "welfare"])
        return broker

    def test_headers_and_bytes_arrive_unchanged(self, bench: BrokerBench, broker: Broker) -> None:
        """Id, lane, headers with their types, and the body come out as they went in: empty, binary, 5 MB."""
        headers: dict[str, str | int] = {"file": "税.dat", "empty": "", "n": 0, "big": 2**53, "less": -1, "code": "07"}
        bodies = [b"", bytes(range(256)), b"\x00" * bench.features.large_body]
        sent = [Message(id=f"m{n}", lane="tax", body=body, headers=headers) for n, body in enumerate(bodies)]
        broker.publish(sent)
        with broker.consume(["tax"], prefetch=10) as consumer:
            got = _take(consumer, len(sent))
            assert [delivery.message == message for delivery, message in zip(got, sent, strict=True)] == [True] * 3
            assert {name: type(value) for name, value in got[0].message.headers.items()} == {
                name: type(value) for name, value in headers.items()
            }
            assert not any(delivery.redelivered for delivery in got)

    def test_messages_outlive_their_broker(self, bench: BrokerBench, broker: Broker) -> None:
        """What publish returned for is there after close and reopen, ready and delayed."""
        if not bench.features.durable:
            return
        broker.publish(_messages(3))
        broker.publish(_messages(2, "welfare"), delay=_STEP)
        broker.close()
        again = bench.open()
        again.declare(["tax", "welfare"])
        assert _ids(_drain(bench, again)) == ["tax-0", "tax-1", "tax-2"]
        bench.pass_time(_STEP)
        assert _ids(_drain(bench, again, "welfare")) == ["welfare-0", "welfare-1"]

    def test_a_lane_is_ordered(self, bench: BrokerBench, broker: Broker) -> None:
        """1,000 messages of one call and single ones after them arrive in the order of publishing."""
        sent = _messages(1_000)
        broker.publish(sent[:990])
        for message in sent[990:]:
            broker.publish([message])
        with broker.consume(["tax"], prefetch=100) as consumer:
            got: list[str] = []
            while len(got) < 1_000:
                batch = consumer.receive(70, _SOON)
                assert batch
                got += _ids(batch)
                consumer.acknowledge(batch)
        assert got == [message.id for message in sent]
        assert _drain(bench, broker) == []

    def test_prefetch_bounds_what_is_in_hand_of_each_lane(self, broker: Broker) -> None:
        """No more than `prefetch` unacknowledged deliveries of a lane; each ack makes room for one of that lane.

        A lane that is full takes no place of another.
        """
        broker.publish(_messages(8))
        with broker.consume(["tax", "welfare"], prefetch=5) as consumer:
            got = _take(consumer, 5)
            assert len(got) == 5
            assert consumer.receive(10, _NOT) == []
            broker.publish(_messages(8, "welfare"))
            assert {delivery.message.lane for delivery in _take(consumer, 5)} == {"welfare"}
            assert consumer.receive(10, _NOT) == []
            consumer.acknowledge(got[:2])
            assert _ids(_take(consumer, 2)) == ["tax-5", "tax-6"]
            assert consumer.receive(10, _NOT) == []

    def test_receive_waits_for_the_first_not_for_the_rest(self, broker: Broker) -> None:
        """An empty lane gives an empty list after the timeout; one message ends the wait at once."""
        with broker.consume(["tax"], prefetch=10) as consumer:
            started = time.monotonic()
            assert consumer.receive(10, _NOT) == []
            assert time.monotonic() - started >= _NOT.total_seconds() * 0.9
            publisher = Thread(target=broker.publish, args=(_messages(1),))
            started = time.monotonic()
            publisher.start()
            assert len(consumer.receive(10, _SOON)) == 1
            assert time.monotonic() - started < _SOON.total_seconds() / 2
            publisher.join()

    def test_unacknowledged_ones_come_back(self, broker: Broker) -> None:
        """Closing a consumer gives its deliveries back at once, marked as redelivered; redeliveries are in no order.

        What was sent ahead and never handed to the caller may be marked too.
        """
        broker.publish(_messages(4))
        consumer = broker.consume(["tax"], prefetch=3)
        got = _take(consumer, 3)
        consumer.acknowledge(got[:1])
        consumer.close()
        with broker.consume(["tax"], prefetch=10) as other:
            again = _take(other, 3)
        marks = {delivery.message.id: delivery.redelivered for delivery in again}
        assert sorted(marks) == ["tax-1", "tax-2", "tax-3"]
        assert marks["tax-1"]
        assert marks["tax-2"]

    def test_an_acknowledgement_is_final(self, bench: BrokerBench, broker: Broker) -> None:
        """Acknowledged deliveries never come again, in whatever order they were acknowledged; twice does no harm."""
        broker.publish(_messages(6))
        consumer = broker.consume(["tax"], prefetch=10)
        got = _take(consumer, 6)
        consumer.acknowledge([got[4], got[1]])
        consumer.acknowledge([got[1], got[0]])
        consumer.acknowledge([])
        consumer.close()
        consumer.acknowledge(got)
        broker.close()
        again = bench.open()
        assert sorted(_ids(_drain(bench, again))) == ["tax-2", "tax-3", "tax-5"]

    def test_a_delay_holds_back_and_blocks_nobody(self, bench: BrokerBench, broker: Broker) -> None:
        """A delayed message comes after its delay; messages without one pass it meanwhile."""
        broker.publish(_messages(2), delay=_STEP)
        broker.publish([Message(id="now", lane="tax", body=b"")])
        with broker.consume(["tax"], prefetch=10) as consumer:
            assert _ids(_take(consumer, 1)) == ["now"]
            assert consumer.receive(10, _NOT) == []
            bench.pass_time(_STEP)
            got = _take(consumer, 2)
        assert _ids(got) == ["tax-0", "tax-1"]
        assert not any(delivery.redelivered for delivery in got)

    def test_what_was_delayed_waits_behind_no_backlog(self, bench: BrokerBench, broker: Broker) -> None:
        """It comes although all that may be in hand without a delay is, and has as much room; urgent ones too."""
        for lane in ("tax", "urgent"):
            broker.publish(_messages(20, lane))
            broker.publish([Message(id=f"again-{n}", lane=lane, body=b"") for n in range(7)], delay=_STEP)
            with broker.consume([lane], prefetch=5) as consumer:
                assert _ids(_take(consumer, 5)) == [f"{lane}-{n}" for n in range(5)]
                bench.pass_time(_STEP)
                assert _ids(_take(consumer, 5)) == [f"again-{n}" for n in range(5)]
                assert consumer.receive(10, _NOT) == []

    def test_what_goes_at_once_waits_behind_no_backlog(self, broker: Broker) -> None:
        """Without a wait, although all that may be in hand without a delay is."""
        broker.publish(_messages(20))
        broker.publish([Message(id="again", lane="tax", body=b"")], delay=AT_ONCE)
        assert broker.depth("tax") == 21
        with broker.consume(["tax"], prefetch=5) as consumer:
            assert "again" in _ids(_take(consumer, 6))

    def test_every_step_of_the_ladder_takes_messages(self, broker: Broker) -> None:
        """Each delay of DELAY_STEPS is accepted and counted in the depth; any other is a ValueError."""
        for number, step in enumerate(reversed(DELAY_STEPS), start=1):
            broker.publish(_messages(2), delay=step)
            assert broker.depth("tax") == 2 * number
        refused = DELAY_STEPS[0] * 2
        with pytest.raises(ValueError, match=str(refused)):
            broker.publish(_messages(1), delay=refused)

    def test_urgent_overtakes(self, broker: Broker) -> None:
        """With urgent among the lanes, its messages come before those that waited longer in other lanes."""
        broker.publish(_messages(50))
        with broker.consume(["tax", "urgent"], prefetch=20) as consumer:
            first = _take(consumer, 5)
            broker.publish(_messages(3, "urgent"))
            time.sleep(_NOT.total_seconds())
            got = _take(consumer, 5)
            consumer.acknowledge([*first, *got])
        assert _ids(got)[:3] == ["urgent-0", "urgent-1", "urgent-2"]

    def test_lanes_share_a_consumer(self, broker: Broker) -> None:
        """A lane with a long backlog does not starve another lane of the same consumer."""
        broker.publish(_messages(60))
        broker.publish(_messages(3, "welfare"))
        got: list[str] = []
        with broker.consume(["tax", "welfare"], prefetch=10) as consumer:
            time.sleep(_NOT.total_seconds())
            for _ in range(4):
                batch = consumer.receive(10, _SOON)
                got += _ids(batch)
                consumer.acknowledge(batch)
        assert {"welfare-0", "welfare-1", "welfare-2"} <= set(got)

    def test_consumers_share_a_lane(self, bench: BrokerBench, broker: Broker) -> None:
        """Two consumers get every message once between them, also from two Broker objects."""
        broker.publish(_messages(60))
        other = bench.open()
        with broker.consume(["tax"], prefetch=10) as one, other.consume(["tax"], prefetch=10) as two:
            got: list[str] = []
            idle = 0
            while idle < 2:
                idle += 1
                for consumer in (one, two):
                    if batch := consumer.receive(5, bench.features.quiet):
                        idle = 0
                        got += _ids(batch)
                        consumer.acknowledge(batch)
        assert sorted(got) == sorted(message.id for message in _messages(60))

    def test_a_lane_in_order_is_in_one_hand(self, bench: BrokerBench) -> None:
        """Of two consumers of a lane in order, also of two Broker objects, one gets messages; when it is gone the
        other gets all that is left (RabbitMQ 3.10 turns the order of what comes back round).
        """
        broker, other = bench.open(), bench.open()
        broker.declare(["tax", "welfare"], in_order=["tax"])
        broker.publish(_messages(6))
        one = broker.consume(["tax"], prefetch=3)
        held = _take(one, 3)
        with other.consume(["tax", "welfare"], prefetch=10) as two:
            assert two.receive(10, _NOT) == []
            broker.publish(_messages(1, "welfare"))
            assert _ids(two.receive(10, _SOON)) == ["welfare-0"]
            one.acknowledge(held[:1])
            one.close()
            assert sorted(_ids(_take(two, 5))) == ["tax-1", "tax-2", "tax-3", "tax-4", "tax-5"]

    def test_bury_moves_to_the_dead_queue(self, bench: BrokerBench, broker: Broker) -> None:
        """A buried message is gone from the lane and stands in its dead queue, whole, with the code."""
        sent = Message(id="bad", lane="tax", body=b"\xff\x00", headers={"n": 1, "file": "x"})
        broker.publish([sent, *_messages(1)])
        with broker.consume(["tax"], prefetch=10) as consumer:
            got = _take(consumer, 2)
            consumer.bury(got[0], "BRK-006")
            consumer.acknowledge(got[1:])
        assert _drain(bench, broker) == []
        assert (broker.dead("tax"), broker.dead("welfare")) == (1, 0)
        assert list(bench.dead_letters("tax")) == [(sent, "BRK-006")]

    def test_what_kills_its_worker_is_put_aside(self, bench: BrokerBench, broker: Broker) -> None:
        """A message that came back unacknowledged for the 21st time goes to the dead queue; a neighbour stays."""
        if not bench.features.limited:
            return
        broker.publish(_messages(1))
        for _ in range(21):
            consumer = broker.consume(["tax"], prefetch=1)
            assert _ids(consumer.receive(1, _SOON)) == ["tax-0"]
            consumer.close()
        broker.publish([Message(id="next", lane="tax", body=b"")])
        assert _ids(_drain(bench, broker)) == ["next"]
        assert broker.dead("tax") == 1

    def test_depth_counts_what_waits(self, broker: Broker) -> None:
        """Ready and delayed count; what somebody has in hand does not, until it is given back."""
        broker.publish(_messages(3))
        broker.publish(_messages(2), delay=DELAY_STEPS[-1])
        with broker.consume(["tax"], prefetch=2) as consumer:
            got = _take(consumer, 2)
            assert _depth_becomes(broker, 3)
            consumer.acknowledge(got[:1])
        assert _depth_becomes(broker, 4)
        assert (broker.depth("welfare"), broker.dead("tax")) == (0, 0)

    def test_a_missing_lane_is_a_misconfiguration(self, bench: BrokerBench, broker: Broker) -> None:
        """Publishing to a lane that was never declared is BRK-005, with or without delay; taking from it fails too.

        Messages for other lanes in the same call are not harmed.
        """
        for delay in (None, _STEP):
            with pytest.raises(BrokerMisconfigured) as caught:
                broker.publish(_messages(1, "absent"), delay=delay)
            assert caught.value.fault.code == "BRK-005"
        with pytest.raises(BrokerMisconfigured), broker.consume(["absent"], prefetch=1) as consumer:
            consumer.receive(1, _SOON)
        broker.publish(_messages(2))
        assert _ids(_drain(bench, broker)) == ["tax-0", "tax-1"]

    def test_declaring_again_changes_nothing(self, bench: BrokerBench, broker: Broker) -> None:
        """Declaring is idempotent, also from another Broker, and keeps what the queues hold."""
        broker.publish(_messages(2))
        broker.declare(["tax"])
        bench.open().declare(["welfare", "tax"])
        assert _ids(_drain(bench, broker)) == ["tax-0", "tax-1"]

    def test_nothing_to_publish_is_nothing(self, broker: Broker) -> None:
        """An empty publish returns."""
        broker.publish([])
        assert broker.depth("tax") == 0

    def test_several_threads_publish(self, bench: BrokerBench, broker: Broker) -> None:
        """Threads may share a Broker: all messages arrive, each thread's own in order."""

        def publish(name: str) -> None:
            for message in _named(name, 25):
                broker.publish([message])

        threads = [Thread(target=publish, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = _ids(_drain(bench, broker))
        for name in ("a", "b", "c"):
            assert [one for one in got if one.startswith(name)] == [message.id for message in _named(name, 25)]

    def test_closed_is_unavailable(self, broker: Broker) -> None:
        """A closed Broker refuses every call with BrokerUnavailable, its consumers too; closing twice is nothing."""
        consumer = broker.consume(["tax"], prefetch=1)
        broker.close()
        broker.close()
        calls = (
            lambda: broker.publish(_messages(1)),
            lambda: broker.declare(["tax"]),
            lambda: broker.depth("tax"),
            lambda: broker.dead("tax"),
            lambda: broker.consume(["tax"], prefetch=1).receive(1, _NOT),
            lambda: consumer.receive(1, _NOT),
        )
        for call in calls:
            with pytest.raises(BrokerUnavailable):
                call()
        consumer.close()


def _named(name: str, count: int) -> list[Message]:
    return [Message(id=f"{name}-{number:02}", lane="tax", body=b"") for number in range(count)]


def _depth_becomes(broker: Broker, wanted: int) -> bool:
    """A broker may count a little late."""
    deadline = time.monotonic() + _SOON.total_seconds()
    while time.monotonic() < deadline:
        if broker.depth("tax") == wanted:
            return True
        time.sleep(0.05)
    return False
