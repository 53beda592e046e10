"""The local broker keeps the promises of the port."""

import sqlite3
import time
from datetime import timedelta

import pytest

from kakehashi.ports.broker import Message
from kakehashi.testing.broker_conformance import BrokerConformance, BrokerFeatures
from kakehashi_adapters.local_queue import LocalBroker


class LocalBench:
    features = BrokerFeatures(quiet=timedelta(seconds=0.1))

    def __init__(self, folder):
        self.folder = folder
        self.skipped = 0.0
        self.opened = []

    def open(self):
        self.opened.append(LocalBroker(self.folder, wall=lambda: time.time() + self.skipped))
        return self.opened[-1]

    def pass_time(self, duration):
        self.skipped += duration.total_seconds()

    def dead_letters(self, lane):
        rows = sqlite3.connect(self.folder / "queue.sqlite3").execute(
            "SELECT id, lane, body, headers, code FROM dead WHERE lane = ? ORDER BY position", (lane,)
        )
        import json

        return [(Message(id=i, lane=at, body=b, headers=json.loads(h)), code) for i, at, b, h, code in rows]

    def close(self):
        for broker in self.opened:
            broker.close()


class TestLocalBroker(BrokerConformance):
    @pytest.fixture
    def bench(self, tmp_path):
        bench = LocalBench(tmp_path / "queue")
        yield bench
        bench.close()
