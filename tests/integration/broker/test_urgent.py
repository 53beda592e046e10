"""A message of an urgent lane is worked on before thousands that waited longer, on RabbitMQ and on the local queue."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest

from kakehashi.pipeline.envelope import WorkItem, write_message
from kakehashi.pipeline.step import Done
from kakehashi.ports.sealer import Sealed
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.following import Following
from kakehashi.runtime.outage import Quiet, Trouble
from kakehashi.runtime.schedule import Schedule
from kakehashi.runtime.worker import Worker
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.local_queue import LocalBroker
from kakehashi_adapters.system_clock import SystemClock

BACKLOG, SLOTS, PREFETCH = 4_000, 4, 8
SLOW = ("tax", "health", "care")


class Lane:
    """Notes what it works on; every batch takes until the lane is set free."""

    def __init__(self, seen):
        self.seen = seen
        self.free = threading.Event()

    def advance(self, item, *, redelivered):
        self.seen.append(item)
        self.free.wait(10)
        row = SimpleNamespace(id=item.batch_id, lane=item.lane, file_id=1, request_id=item.request_id)
        return Done("batch.found_stale", row)


def message(number, lane, *, urgent):
    item = WorkItem(
        batch_id=number, turn=1, request_id=f"r{number}", lane=lane, body=Sealed("k", b"x" * 200), urgent=urgent
    )
    return write_message(item, records=1, profile="p", config_hash="c")


@pytest.fixture(params=["local", "rabbitmq"])
def broker(request, tmp_path):
    if request.param == "local":
        broker = LocalBroker(tmp_path / "queue")
    else:
        broker = open_broker(request.getfixturevalue("amqp_url"))
    broker.declare([*SLOW, "welfare"])
    yield broker
    broker.close()


def test_urgent_work_passes_a_full_backlog(broker):
    """Also while slow batches have every slot that they may have: one is kept. Then it is first again and again."""
    for first in range(0, BACKLOG, 500):
        broker.publish(
            [message(number, SLOW[number % len(SLOW)], urgent=False) for number in range(first, first + 500)]
        )
    seen = []
    slow, welfare = Lane(seen), Lane(seen)
    welfare.free.set()
    clock, events = SystemClock(), EventLog()
    quiet = Quiet(clock)
    lanes = {**dict.fromkeys(SLOW, slow), "welfare": welfare}
    with ThreadPoolExecutor(SLOTS) as pool, broker.consume(["urgent", *lanes], prefetch=PREFETCH) as consumer:
        worker = Worker(
            lanes=lanes,
            following=Following(broker=broker, clock=clock, events=events, quiet=quiet, trouble=Trouble(quiet, events)),
            store=None,
            clock=clock,
            events=events,
            quiet=quiet,
            pool=pool,
            schedule=Schedule(slots=SLOTS, kept=1, limits=dict.fromkeys(lanes, SLOTS)),
            idle=timedelta(seconds=0.1),
            profile="p",
            config_hash="c",
        )
        _until(lambda: len(seen) == SLOTS - 1, worker, consumer)
        broker.publish([message(BACKLOG, "welfare", urgent=True)])
        _until(lambda: len(seen) == SLOTS, worker, consumer)
        assert [item.lane in SLOW for item in seen] == [True] * (SLOTS - 1) + [False]
        slow.free.set()
        _until(lambda: len(seen) > 50, worker, consumer)
        broker.publish([message(BACKLOG + 1, "welfare", urgent=True)])
        before = len(seen)
        _until(lambda: any(item.lane == "welfare" for item in seen[before:]), worker, consumer)
        worker.let_go()
    assert len(seen) < before + 200, "it waited behind the backlog"


def _until(true, worker, consumer):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        worker.run_once(consumer)
