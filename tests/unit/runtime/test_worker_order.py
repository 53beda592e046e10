"""A lane that works in order has one batch in work at a time, whatever stands beside it."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

from kakehashi.pipeline.envelope import WorkItem, write_message
from kakehashi.pipeline.step import Done
from kakehashi.ports.broker import Delivery
from kakehashi.ports.sealer import Sealed
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.following import Following
from kakehashi.runtime.schedule import Schedule
from kakehashi.runtime.worker import Worker


class Lane:
    """Takes a while for each batch, and remembers when each began and ended."""

    def __init__(self):
        self.seen = []
        self._chance = random.Random(5)

    def advance(self, item, *, redelivered):
        self.seen.append(("begun", item.batch_id))
        time.sleep(self._chance.uniform(0.0, 0.01))
        self.seen.append(("ended", item.batch_id))
        row = SimpleNamespace(id=item.batch_id, lane=item.lane, file_id=1, request_id=item.request_id)
        return Done("batch.found_stale", row)


class Consumer:
    """Everything there is, at most as many as asked for."""

    def __init__(self, deliveries):
        self._left = deliveries
        self.acknowledged = []
        self.gave = 0

    def give(self, deliveries):
        """More, from the next call on."""
        self._left = self._left + deliveries

    def receive(self, most, _within):
        self.gave += 1
        taken, self._left = self._left[:most], self._left[most:]
        return taken

    def acknowledge(self, deliveries):
        self.acknowledged += [delivery.tag for delivery in deliveries]


def delivery(number, lane, tag=None):
    item = WorkItem(batch_id=number, turn=1, request_id=f"r{number}", lane=lane, body=Sealed("k", b""))
    message = write_message(item, records=1, profile="p", config_hash="c")
    return Delivery(tag=tag or number, message=message, redelivered=False)


def test_earlier_batches_of_an_ordered_lane_end_before_later_ones_begin():
    """Ordered batches run one after the other as they arrived; each is acknowledged once, the free lane's too."""
    lanes = {"ordered": Lane(), "free": Lane()}
    numbers = range(1, 41)
    consumer = Consumer([delivery(number, "free" if number % 4 == 0 else "ordered") for number in numbers])
    with ThreadPoolExecutor(4) as pool:
        worker = Worker(
            lanes=lanes,
            following=Following(broker=None, clock=None, events=EventLog(), quiet=None, trouble=None),
            store=None,
            clock=None,
            events=EventLog(),
            quiet=None,
            pool=pool,
            schedule=Schedule(slots=4, limits={"ordered": 4, "free": 4}, in_order={"ordered"}),
            idle=timedelta(0),
            profile="p",
            config_hash="c",
        )
        deadline = time.monotonic() + 30
        while len(consumer.acknowledged) < len(numbers) and time.monotonic() < deadline:
            worker.run_once(consumer)
    assert sorted(consumer.acknowledged) == list(numbers)
    ordered = [number for number in numbers if number % 4]
    assert lanes["ordered"].seen == [(what, number) for number in ordered for what in ("begun", "ended")]
    assert sorted(number for what, number in lanes["free"].seen if what == "ended") == list(range(4, 41, 4))


def test_a_batch_that_comes_again_while_it_is_in_work_waits_for_that():
    """The broker lost its patience: the batch is never in work twice at once, and no delivery stays in hand."""
    lane = Lane()
    copies = [delivery(number, "free", tag=10 * number + copy) for copy in range(4) for number in (1, 2, 3)]
    consumer = Consumer(copies[:3])
    with ThreadPoolExecutor(4) as pool:
        worker = Worker(
            lanes={"free": lane},
            following=Following(broker=None, clock=None, events=EventLog(), quiet=None, trouble=None),
            store=None,
            clock=None,
            events=EventLog(),
            quiet=None,
            pool=pool,
            schedule=Schedule(slots=4, limits={"free": 4}),
            idle=timedelta(0),
            profile="p",
            config_hash="c",
        )
        deadline = time.monotonic() + 30
        while len(consumer.acknowledged) < len(copies) and time.monotonic() < deadline:
            consumer.give(copies[len(copies) - 9 :] if consumer.gave == 1 else [])
            worker.run_once(consumer)
    assert sorted(consumer.acknowledged) == sorted(each.tag for each in copies)
    for number in (1, 2, 3):
        seen = [what for what, batch in lane.seen if batch == number]
        assert seen == ["begun", "ended"] * 4
