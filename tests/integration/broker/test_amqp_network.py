"""The wire between us and RabbitMQ: cut, half-open, silent, slow."""

import random
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from tests.services.rabbitmq import connection, prefix_of
from tests.services.tcp_proxy import TcpProxy

from kakehashi.errors import BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.amqp.names import queue_name

SOON = timedelta(seconds=10)
NOT = timedelta(seconds=0.3)


@pytest.fixture
def proxy(rabbitmq):
    parts = urlsplit(rabbitmq.url)
    with TcpProxy(parts.hostname, parts.port or 5672) as proxy:
        yield proxy


@pytest.fixture
def broker(amqp_url, proxy):
    parts = urlsplit(amqp_url)
    far = amqp_url.replace(parts.netloc, f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}")
    broker = open_broker(far + "&heartbeat=1")
    broker.declare(["tax"])
    yield broker
    proxy.recover()
    broker.close()


def messages(count, start=0):
    return [Message(id=f"m{n}", lane="tax", body=b"x" * 500) for n in range(start, start + count)]


def drain(amqp_url):
    broker = open_broker(amqp_url)
    got = []
    with broker.consume(["tax"], prefetch=500) as consumer:
        while batch := consumer.receive(500, 3 * NOT):
            got += [delivery.message.id for delivery in batch]
            consumer.acknowledge(batch)
    broker.close()
    return got


def patiently(act):
    deadline = time.monotonic() + 15
    while True:
        try:
            return act()
        except BrokerUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_cut_anywhere_loses_nothing(amqp_url, proxy, broker):
    """The connection is reset after a random number of bytes, 25 times: what was published at last is there."""
    dice = random.Random(19)
    for round_ in range(25):
        proxy.cut_after(dice.randrange(1, 9_000))
        batch = messages(12, start=12 * round_)
        patiently(lambda batch=batch: broker.publish(batch))
    assert set(drain(amqp_url)) == {message.id for message in messages(300)}


def test_an_idle_cut_is_not_even_noticed(proxy, broker):
    """A connection that was reset while nothing was in flight is replaced within the next call."""
    broker.publish(messages(1))
    proxy.cut()
    time.sleep(0.2)
    broker.publish(messages(1))
    assert broker.depth("tax") == 2


def test_a_half_open_connection_is_noticed(proxy, broker):
    """When the network swallows everything, publisher and consumer learn of it by the heartbeat, and go on after."""
    consumer = broker.consume(["tax"], prefetch=5)
    broker.publish(messages(1))
    assert len(consumer.receive(1, SOON)) == 1
    proxy.silent = True
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        broker.publish(messages(1))
    with pytest.raises(BrokerUnavailable):
        consumer.receive(1, SOON)
    assert time.monotonic() - started < 4
    proxy.recover()
    again = patiently(lambda: consumer.receive(1, SOON))
    assert again[0].redelivered
    consumer.close()


def test_a_lost_confirm_is_an_unknown_effect(amqp_url, proxy, broker):
    """When confirms are lost the messages have landed: BrokerUnavailable, and publishing again makes a copy."""
    broker.publish(messages(1))
    proxy.mute = True
    with pytest.raises(BrokerUnavailable):
        broker.publish(messages(1, start=7))
    proxy.recover()
    patiently(lambda: broker.publish(messages(1, start=7)))
    assert drain(amqp_url) == ["m0", "m7", "m7"]


def test_work_slower_than_the_heartbeat_keeps_its_delivery(amqp_url, broker):
    """A delivery worked on for four heartbeats is acknowledged on the same connection and does not come again."""
    broker.publish(messages(1))
    with broker.consume(["tax"], prefetch=1) as consumer:
        got = consumer.receive(1, SOON)
        time.sleep(4)
        consumer.acknowledge(got)
        assert consumer.receive(1, NOT) == []
    assert drain(amqp_url) == []


def test_a_slow_wire_only_takes_longer(amqp_url, proxy, broker):
    """Twenty bytes at a time is slow and not wrong."""
    proxy.chunk = 20
    broker.publish(messages(5))
    assert len(drain(amqp_url)) == 5


def test_a_refused_connection_fails_at_once(proxy, broker):
    """While no connection can be made every call fails at once, tries are rare, and it heals by itself."""
    broker.publish(messages(1))
    proxy.refuse = True
    proxy.cut()
    started = time.monotonic()
    for _ in range(30):
        with pytest.raises(BrokerUnavailable):
            broker.publish(messages(1))
        time.sleep(0.01)
    assert time.monotonic() - started < 3
    proxy.recover()
    patiently(lambda: broker.publish(messages(1)))


def test_foreign_messages_are_delivered_and_can_be_buried(amqp_url, broker):
    """A message without id, with headers of every type, or with none, is a delivery like any other."""
    strange = {
        "list": [1],
        "table": {"a": 1},
        "none": None,
        "flag": True,
        "bytes": b"\xff",
        "kept": "x",
        "x-death": "y",
    }
    import pika

    with connection(amqp_url) as client:
        channel = client.channel()
        queue = queue_name(prefix_of(amqp_url), "tax", "work")
        channel.basic_publish("", queue, b"\x00\xff", pika.BasicProperties(headers=strange))
        channel.basic_publish("", queue, b"")
        time.sleep(0.2)
    with broker.consume(["tax"], prefetch=5) as consumer:
        got = []
        while len(got) < 2:
            got += consumer.receive(2, SOON)
        assert [delivery.message.id for delivery in got] == ["", ""]
        assert [dict(delivery.message.headers) for delivery in got] == [{"kept": "x"}, {}]
        for delivery in got:
            consumer.bury(delivery, "BRK-006")
    assert (broker.depth("tax"), broker.dead("tax")) == (0, 2)
