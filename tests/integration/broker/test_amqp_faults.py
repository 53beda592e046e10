"""RabbitMQ on bad days: killed, restarted, alarmed, its queues deleted or made by somebody else."""

import contextlib
import itertools
import signal
import threading
import time
from datetime import timedelta

import pytest
from tests.services.rabbitmq import Rabbit, connection, prefix_of

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.amqp.names import queue_name

SOON = timedelta(seconds=10)
NOT = timedelta(seconds=0.3)


@pytest.fixture
def url(own_rabbitmq):
    return Rabbit(own_rabbitmq.url).queue_url() + "&blocked_after=1.5"


@pytest.fixture
def broker(url):
    broker = open_broker(url)
    broker.declare(["tax", "welfare"])
    yield broker
    broker.close()


def prefix(url):
    return prefix_of(url).partition("&")[0]


def messages(count, lane="tax", start=0):
    return [Message(id=f"{lane}-{n}", lane=lane, body=b"x" * 200) for n in range(start, start + count)]


def ids_of(found):
    return [message.id for message in found]


def ids(deliveries):
    return ids_of(delivery.message for delivery in deliveries)


def until(seconds, act):
    """The first result of `act` that is not a BrokerUnavailable, within so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except BrokerUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def until_not_blocked(act):
    deadline = time.monotonic() + 10
    while True:
        try:
            return act()
        except BrokerBlocked:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def drain(broker, lane="tax"):
    got = []
    with broker.consume([lane], prefetch=500) as consumer:
        while batch := consumer.receive(500, 3 * NOT):
            got += ids(batch)
            consumer.acknowledge(batch)
    return got


class Caller(threading.Thread):
    """Does the same again and again; anything but a BrokerError ends it and is kept."""

    def __init__(self, act):
        super().__init__()
        self.act = act
        self.stopping = threading.Event()
        self.strange = None

    def run(self):
        while not self.stopping.is_set():
            try:
                self.act()
            except BrokerError:
                time.sleep(0.02)
            except BaseException as error:  # noqa: BLE001  # just what must not happen
                self.strange = error
                return

    def stop(self):
        self.stopping.set()
        self.join(20)
        assert not self.is_alive()
        assert self.strange is None


def test_what_was_confirmed_survives_a_kill(own_rabbitmq, broker):
    """The broker is killed under load: every confirmed message is there afterwards, and callers of all kinds saw
    BrokerErrors and nothing else.
    """
    numbers, confirmed = itertools.count(0, 20), []
    consumer = broker.consume(["welfare"], prefetch=10)

    def publish():
        batch = messages(20, start=next(numbers))
        broker.publish(batch)
        confirmed.extend(ids_of(batch))

    acts = [
        publish,
        lambda: broker.publish(messages(30, "welfare")),
        lambda: consumer.acknowledge(consumer.receive(10, NOT)),
        lambda: broker.depth("tax"),
    ]
    callers = [Caller(act) for act in acts]
    for caller in callers:
        caller.start()
    time.sleep(0.7)
    own_rabbitmq.kill()
    before = len(confirmed)
    own_rabbitmq.start()
    deadline = time.monotonic() + 15
    while len(confirmed) <= before and time.monotonic() < deadline:
        time.sleep(0.05)
    for caller in callers:
        caller.stop()
    assert len(confirmed) > before > 0
    assert set(confirmed) <= set(until(10, lambda: drain(broker)))


def test_a_restart_is_an_ordinary_event(own_rabbitmq, broker):
    """Through a restart in good order nothing is lost, delays hold, and the old consumer goes on after one error."""
    broker.publish(messages(3))
    broker.publish(messages(1, "welfare"), delay=timedelta(seconds=1))
    with broker.consume(["tax", "welfare"], prefetch=10) as consumer:
        held = consumer.receive(1, SOON)
        own_rabbitmq.terminate()
        with pytest.raises(BrokerUnavailable):
            consumer.receive(1, SOON)
        started = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            broker.publish(messages(1))
        with pytest.raises(BrokerUnavailable):
            broker.depth("tax")
        assert time.monotonic() - started < 1
        own_rabbitmq.start()
        consumer.acknowledge(held)
        got = []
        while len(got) < 4:
            got += until(15, lambda: consumer.receive(10, SOON))
        assert sorted(ids(got)) == ["tax-0", "tax-1", "tax-2", "welfare-0"]
        consumer.acknowledge(got)


def test_a_stopped_broker_is_noticed(own_rabbitmq, url):
    """A broker that stands still is noticed by the missing heartbeats; publishing goes on when it does."""
    broker = open_broker(url + "&heartbeat=1")
    broker.declare(["tax"])
    broker.publish(messages(1))
    own_rabbitmq.signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            broker.publish(messages(1))
        assert time.monotonic() - started < 3
    finally:
        own_rabbitmq.signal(signal.SIGCONT)
    until(10, lambda: broker.publish(messages(1)))
    broker.close()


def test_an_alarm_blocks_and_passes(own_rabbitmq, broker):
    """During a memory alarm publishing is BrokerBlocked soon, then at once; consumers go on; then so does it."""
    broker.publish(messages(2))
    own_rabbitmq.control("set_vm_memory_high_watermark", "0.00001")
    try:
        started = time.monotonic()
        with pytest.raises(BrokerBlocked) as caught:
            broker.publish(messages(5, start=10))
        assert 1 < time.monotonic() - started < 5
        assert caught.value.fault.code == "BRK-003"
        started = time.monotonic()
        with pytest.raises(BrokerBlocked):
            broker.publish(messages(5, start=20))
        assert time.monotonic() - started < 0.5
        with broker.consume(["tax"], prefetch=10) as consumer:
            got = consumer.receive(2, SOON)
            got += consumer.receive(2 - len(got), SOON) if len(got) < 2 else []
            assert ids(got) == ["tax-0", "tax-1"]
            consumer.acknowledge(got)
    finally:
        own_rabbitmq.control("set_vm_memory_high_watermark", "0.4")
    until_not_blocked(lambda: broker.publish(messages(5, start=30)))
    assert {f"tax-{n}" for n in range(30, 35)} <= set(drain(broker))


def test_a_short_alarm_only_delays(own_rabbitmq, url):
    """A publish that meets an alarm shorter than the limit waits and succeeds."""
    broker = open_broker(url.replace("blocked_after=1.5", "blocked_after=30"))
    broker.declare(["tax"])
    own_rabbitmq.control("set_vm_memory_high_watermark", "0.00001")
    publisher = threading.Thread(target=broker.publish, args=(messages(50),))
    publisher.start()
    time.sleep(0.3)
    assert publisher.is_alive()
    own_rabbitmq.control("set_vm_memory_high_watermark", "0.4")
    publisher.join(10)
    assert not publisher.is_alive()
    assert sorted(drain(broker)) == sorted(message.id for message in messages(50))
    broker.close()


def test_a_full_queue_pushes_back(own_rabbitmq, url, broker):
    """A queue at its length limit refuses: BrokerBlocked with BRK-008 and the queue's name; later it takes again."""
    queue = queue_name(prefix(url), "tax", "new")
    own_rabbitmq.control("set_policy", "full", f"^{queue}$", '{"max-length":10}', "--apply-to", "queues")
    try:
        refused = None
        for _ in range(50):
            try:
                broker.publish(messages(10))
            except BrokerBlocked as error:
                refused = error
                break
        assert refused is not None
        assert refused.fault.code == "BRK-008"
        assert refused.fault.facts["queue"] == queue
    finally:
        own_rabbitmq.control("clear_policy", "full")
    drain(broker)
    until_not_blocked(lambda: broker.publish(messages(10)))


def test_a_deleted_queue_is_told_and_declared_again(url, broker):
    """Publishing to a queue that was deleted is BRK-005 with its name, never a silent loss; declare heals."""
    queue = queue_name(prefix(url), "tax", "new")
    with connection(url) as client:
        client.channel().queue_delete(queue)
    with pytest.raises(BrokerMisconfigured) as caught:
        broker.publish([*messages(2), *messages(2, "welfare")])
    assert (caught.value.fault.code, caught.value.fault.facts["queue"]) == ("BRK-005", queue)
    with pytest.raises(BrokerMisconfigured):
        broker.depth("tax")
    assert drain(broker, "welfare") == ["welfare-0", "welfare-1"]
    broker.declare(["tax"])
    broker.publish(messages(2))
    assert broker.depth("tax") == 2


def test_a_consumer_outlives_its_queue(url, broker):
    """A queue deleted under a consumer voids that lane only; after its declaration messages come again."""
    broker.publish([*messages(1), *messages(2, "welfare")])
    with broker.consume(["tax", "welfare"], prefetch=10) as consumer:
        got = []
        while len(got) < 3:
            got += consumer.receive(3 - len(got), SOON)
        with connection(url) as client:
            client.channel().queue_delete(queue_name(prefix(url), "tax", "new"))
        with pytest.raises(BrokerMisconfigured) as caught:
            consumer.receive(1, SOON)
        assert caught.value.fault.code == "BRK-005"
        consumer.acknowledge(got)
        broker.declare(["tax"])
        broker.publish(messages(1, start=5))
        deadline = time.monotonic() + 10
        again = []
        while not again and time.monotonic() < deadline:
            with contextlib.suppress(BrokerMisconfigured):
                again = consumer.receive(1, NOT)
        assert ids(again) == ["tax-5"]
        consumer.acknowledge(again)
    assert (drain(broker), drain(broker, "welfare")) == ([], [])


def test_a_queue_of_another_kind_is_refused(url):
    """A queue that exists with other arguments stops declare with BRK-004 and its name; nothing is retried blindly."""
    queue = queue_name(prefix(url), "tax", "delay.30")
    with connection(url) as client:
        client.channel().queue_declare(queue, durable=True)
    broker = open_broker(url)
    for _ in range(2):
        with pytest.raises(BrokerMisconfigured) as caught:
            broker.declare(["tax"])
        assert dict(caught.value.fault.facts) == {"reply": 406, "queue": queue}
        assert caught.value.fault.code == "BRK-004"
    broker.declare(["welfare"])
    broker.close()


@pytest.mark.parametrize("change", ["password", "vhost"])
def test_a_refused_login_is_a_misconfiguration(own_rabbitmq, change):
    """A wrong password or virtual host is BRK-004, is not tried more than once a second, and is never repeated."""
    url = own_rabbitmq.url
    url = url.replace(own_rabbitmq.password, "SECRET") if change == "password" else url.replace("%2f", "SECRET")
    broker = open_broker(url)
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(BrokerMisconfigured) as caught:
            broker.publish(messages(1))
        assert caught.value.fault.code == "BRK-004"
        assert "SECRET" not in str(caught.value)
    assert time.monotonic() - started < 3
    broker.close()


def test_missing_rights_are_told(own_rabbitmq, url, broker):
    """Without the right to write, publishing is BRK-004; with it, it works again by itself."""
    broker.close()
    broker = open_broker(url)
    own_rabbitmq.control("set_permissions", "kakehashi", ".*", "nothing", ".*")
    try:
        with pytest.raises(BrokerMisconfigured) as caught:
            broker.publish(messages(1))
        assert caught.value.fault.code == "BRK-004"
    finally:
        own_rabbitmq.control("set_permissions", "kakehashi", ".*", ".*", ".*")
    until(10, lambda: broker.publish(messages(1)))
    broker.close()


def test_the_brokers_patience_with_a_consumer_ends(own_rabbitmq, broker):
    """RabbitMQ's consumer_timeout takes the lane's deliveries away; they come again to the same consumer."""
    set_patience(own_rabbitmq, tick=300, timeout=700)
    try:
        broker.publish(messages(1))
        with broker.consume(["tax"], prefetch=1) as consumer:
            held = consumer.receive(1, SOON)
            again = consumer.receive(1, SOON)
            assert [(delivery.message.id, delivery.redelivered) for delivery in again] == [("tax-0", True)]
            consumer.acknowledge(held)
            consumer.acknowledge(again)
        assert drain(broker) == []
    finally:
        set_patience(own_rabbitmq, tick=60_000, timeout=1_800_000)


def set_patience(rabbit, *, tick, timeout):
    rabbit.control(
        "eval",
        f"application:set_env(rabbit, channel_tick_interval, {tick}), "
        f"application:set_env(rabbit, consumer_timeout, {timeout}).",
    )
