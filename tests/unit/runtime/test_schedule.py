"""Lanes share a worker's slots by time; urgent work has a slot of its own; one lane never takes all of them."""

import pytest

from kakehashi.ports.broker import URGENT, Delivery, Message
from kakehashi.runtime.schedule import Schedule

LANES = ("quick", "slow", "third")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Bench:
    """A schedule whose batches take as long as their lane says, on a clock that jumps to the next end."""

    def __init__(self, *, slots=4, kept=0, limits=None, in_order=(), failing=()):
        self.clock = Clock()
        limits = dict.fromkeys(LANES, slots) | (limits or {})
        self.schedule = Schedule(slots=slots, kept=kept, limits=limits, in_order=in_order, clock=self.clock)
        self.failing = failing
        self.tag = 0
        self.begun = {}
        self.done = []

    def add(self, lane, count=1, *, urgent=False, batch=None, turn=0):
        for _ in range(count):
            self.tag += 1
            headers = {"lane": lane, "batch": batch or self.tag, "turn": turn}
            message = Message(id=str(self.tag), lane=URGENT if urgent else lane, body=b"", headers=headers)
            self.schedule.add(Delivery(message=message, redelivered=False, tag=self.tag))

    def clear(self):
        """Nothing waits any more, and nothing is begun."""
        self.schedule.clear()
        self.begun.clear()

    def begin(self):
        """Begin what may begin; the lanes of what is begun by now."""
        while delivery := self.schedule.begin():
            self.begun[delivery.tag] = (self.clock.now, delivery)
        return sorted(delivery.message.headers["lane"] for _, delivery in self.begun.values())

    def run(self, takes, seconds, *, backlog=()):
        """Let time pass; the lanes of `backlog` always have more."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            for lane in backlog:
                waiting = sum(map(len, (line.waiting for key, line in self.schedule._lines.items() if key[0] == lane)))
                self.add(lane, 8 - waiting)
            self.begin()
            if not self.begun:
                self.clock.now = end
                return
            at, tag = min((begun + takes[d.message.headers["lane"]], tag) for tag, (begun, d) in self.begun.items())
            self.clock.now = min(at, end)
            if at <= end:
                _, delivery = self.begun.pop(tag)
                lane = delivery.message.headers["lane"]
                self.schedule.end(delivery, failed=lane in self.failing)
                self.done.append(lane)


def test_a_lane_alone_has_all_slots():
    """Nothing else has work, or had it lately: as soon as it is known how long its batches take, every slot is its."""
    bench = Bench()
    bench.add("slow", 8)
    assert bench.begin() == ["slow"]
    bench.run({"slow": 30.0}, 30)
    assert bench.begin() == ["slow"] * 4


def test_a_lane_of_long_batches_that_is_not_alone_leaves_most_of_the_slots():
    """Whichever came first; also for ten minutes after the other's last batch ended."""
    for idle, most in ((0, 1), (590, 1), (610, 4)):
        bench = Bench()
        bench.run({"quick": 0.1, "slow": 30.0}, 60, backlog=("quick", "slow"))
        bench.clear()
        bench.clock.now += idle
        bench.add("slow", 8)
        assert bench.begin() == ["slow"] * most


def test_a_lane_whose_batches_take_some_seconds_has_half_of_the_slots():
    """A server that is well may be no quicker."""
    bench = Bench()
    bench.run({"quick": 0.1, "slow": 3.0}, 60, backlog=("quick", "slow"))
    bench.clear()
    bench.add("slow", 8)
    assert bench.begin() == ["slow"] * 2


def test_batches_that_end_at_once_do_not_make_a_slow_lane_quick():
    """Held or stale ones, however many: the next ones that wait for its server leave the others most of the slots."""
    bench = Bench()
    bench.run({"quick": 0.1, "slow": 30.0}, 60, backlog=("quick", "slow"))
    bench.clear()
    bench.run({"slow": 0.01}, 60, backlog=("slow",))
    bench.clear()
    bench.add("slow", 8)
    assert bench.begin() == ["slow"]


def test_a_quick_lane_whose_server_stops_answering_leaves_most_of_the_slots():
    """Also before the first of its batches has ended: that one was quick seconds ago says nothing."""
    bench = Bench()
    bench.run({"quick": 0.1, "slow": 0.1}, 60, backlog=("quick", "slow"))
    bench.clear()
    bench.clock.now += 5
    bench.add("slow", 8)
    for _ in range(4):
        assert bench.begin() == ["slow"]
        bench.clock.now += 4
    bench.add("quick", 8)
    assert bench.begin() == ["quick", "slow"]
    bench.run({"quick": 0.1, "slow": 60.0}, 0.1)
    assert bench.begin() == ["quick"] * 3 + ["slow"]


def test_a_batch_that_is_long_in_work_counts_before_it_ends():
    """One hangs while its neighbour ends soon: the lane gets no more than it has."""
    bench = Bench()
    bench.run({"quick": 0.1, "slow": 0.1}, 60, backlog=("quick", "slow"))
    bench.clear()
    bench.add("slow", 2)
    bench.begin()
    bench.clock.now += 0.9
    _, neighbour = bench.begun.pop(max(bench.begun))
    bench.schedule.end(neighbour)
    bench.clock.now += 0.2
    bench.add("slow", 8)
    assert bench.begin() == ["slow"]


def test_time_is_shared_not_batches():
    """Three lanes that always have work get a third of the time each, however long their batches take."""
    takes = {"quick": 0.05, "slow": 30.0, "third": 1.0}
    bench = Bench(slots=6)
    bench.run(takes, 3_000, backlog=takes)
    shares = {lane: bench.done.count(lane) * takes[lane] / (6 * 3_000) for lane in takes}
    assert shares == {lane: pytest.approx(1 / 3, abs=0.03) for lane in takes}


def test_a_slow_lane_costs_the_others_no_more_than_its_share():
    """Two quick lanes beside one that takes 30 s a batch do as much as they do in their own slots without it."""
    takes = {"quick": 0.05, "third": 0.05, "slow": 30.0}
    alone, beside = Bench(slots=4), Bench(slots=6)
    alone.run(takes, 300, backlog=("quick", "third"))
    beside.run(takes, 300, backlog=("quick", "third", "slow"))
    beside.done = [lane for lane in beside.done if lane != "slow"]
    assert len(beside.done) >= 0.95 * len(alone.done)


def test_a_lane_that_is_refused_at_once_gets_no_more_for_it():
    """Batches that fail in a hundredth of a second count a second each: one lane's churn is no burden for another."""
    takes = {"quick": 0.05, "slow": 0.01}
    bench = Bench(failing={"slow"})
    bench.run(takes, 1, backlog=takes)  # the first ones begin before any time was used
    bench.done.clear()
    bench.run(takes, 60, backlog=takes)
    assert bench.done.count("slow") <= 4 * 60
    assert bench.done.count("quick") * 0.05 >= 0.95 * 4 * 60


def test_time_that_was_not_used_is_no_credit():
    """A lane that was idle for an hour gets its share from now on, not the hour."""
    bench = Bench()
    bench.run({"quick": 0.1}, 3600, backlog=("quick",))
    bench.done.clear()
    bench.run({"quick": 0.1, "third": 0.1}, 10, backlog=("quick", "third"))
    assert bench.done.count("third") == pytest.approx(200, abs=10)


def test_a_lane_of_quick_batches_leaves_no_slot_idle():
    """What no other lane takes at the moment, it takes."""
    bench = Bench()
    bench.run({"quick": 0.05, "slow": 30.0}, 1, backlog=("quick", "slow"))
    bench.add("quick", 8)
    assert bench.begin() == ["quick"] * 3 + ["slow"]
    other = Bench(limits={"third": 1})
    other.run({"quick": 0.05, "third": 0.05}, 1, backlog=("quick", "third"))
    other.add("quick", 8)
    assert other.begin().count("quick") >= 3


def test_the_limit_of_a_lane_holds_also_alone():
    """`limits.connections` of the route."""
    bench = Bench(limits={"slow": 1})
    bench.add("slow", 8)
    assert bench.begin() == ["slow"]


def test_a_slot_is_kept_for_urgent_work():
    """Slow batches have every slot but one; an urgent batch begins at once, and before all that waits."""
    bench = Bench(kept=1)
    bench.add("slow")
    bench.run({"slow": 30.0}, 30)
    bench.done.clear()
    bench.add("slow", 8)
    assert bench.begin() == ["slow"] * 3
    bench.add("third", urgent=True)
    assert bench.begin() == ["slow"] * 3 + ["third"]
    bench.add("quick", 2)
    bench.add("third", urgent=True)
    bench.run({"slow": 30.0, "third": 0.1, "quick": 0.1}, 0.2)
    assert bench.done == ["third", "third"]


def test_a_lane_in_order_has_one_batch_begun_and_begins_with_the_earliest():
    """Also when what came back from a dead worker came in another order."""
    bench = Bench(in_order={"third"})
    for batch in (5, 4, 7, 6):
        bench.add("third", batch=batch)
    seen = []
    while bench.begin():
        ((_, delivery),) = bench.begun.values()
        seen.append(delivery.message.headers["batch"])
        bench.run({"third": 0.1}, 0.1)
    assert seen == [4, 5, 6, 7]


def test_a_lane_that_nobody_knows_has_its_turn():
    """It ends in the dead queue; however many names there are, they stand in one line."""
    bench = Bench()
    for number in range(100):
        bench.add(f"strange-{number}")
    assert len(bench.begin()) == 1
    assert len(bench.schedule._lines) == 1


def test_what_is_cleared_is_forgotten():
    """After a lost connection everything comes again."""
    bench = Bench()
    bench.add("slow", 8)
    bench.begin()
    bench.clear()
    assert bench.begin() == []
    bench.add("slow", 8)
    assert bench.begin() == ["slow"]


def test_what_was_begun_before_comes_before_what_is_new_and_never_shuts_it_out():
    """Polls of a lane pass its backlog; while both wait, one of nine is new, however many polls there are."""
    bench = Bench(slots=1)
    bench.add("quick", 20)
    bench.add("quick", 20, turn=2)
    turns = []
    while (delivery := bench.schedule.begin()) is not None:
        turns.append(delivery.message.headers["turn"])
        bench.schedule.end(delivery)
    assert turns == [*[2] * 8, 0, *[2] * 8, 0, *[2] * 4, *[0] * 18]


def test_a_lane_in_order_knows_no_turns():
    """There the earliest goes first, whether it was begun before or not."""
    bench = Bench(slots=1, in_order=["quick"])
    for batch, turn in ((3, 1), (1, 0), (2, 1)):
        bench.add("quick", batch=batch, turn=turn)
    begun = []
    while (delivery := bench.schedule.begin()) is not None:
        begun.append(delivery.message.headers["batch"])
        bench.schedule.end(delivery)
    assert begun == [1, 2, 3]
