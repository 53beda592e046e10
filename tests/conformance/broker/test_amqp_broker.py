"""RabbitMQ through our adapter keeps the promises of the port."""

import time

import pytest
from tests.services.rabbitmq import connection, prefix_of

from kakehashi.testing.broker_conformance import BrokerConformance, BrokerFeatures
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.amqp.names import CODE_HEADER, from_amqp, queue_name


class AmqpBench:
    features = BrokerFeatures()

    def __init__(self, url):
        self.url = url
        self.opened = []

    def open(self):
        self.opened.append(open_broker(self.url))
        return self.opened[-1]

    def pass_time(self, duration):
        time.sleep(duration.total_seconds())

    def dead_letters(self, lane):
        found = []
        with connection(self.url) as client:
            channel = client.channel()
            while True:
                method, properties, body = channel.basic_get(queue_name(prefix_of(self.url), lane, "dead"))
                if method is None:
                    return found
                code = properties.headers.pop(CODE_HEADER, "")
                found.append((from_amqp(lane, properties, body), code))

    def close(self):
        for broker in self.opened:
            broker.close()


class TestAmqpBroker(BrokerConformance):
    @pytest.fixture
    def bench(self, amqp_url):
        bench = AmqpBench(amqp_url)
        yield bench
        bench.close()
