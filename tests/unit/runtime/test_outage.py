"""Outages of broker and store, as the loops of one process tell them."""

from datetime import timedelta
from threading import Event

from kakehashi.errors import BrokerBlocked, BrokerUnavailable, StoreUnavailable
from kakehashi.runtime.outage import Outage, Quiet, Trouble
from kakehashi.testing.memory_clock import MemoryClock


class Told(list):
    def emit(self, name, **fields):
        self.append((name, fields.get("code")))


def site(*loops):
    """(clock, what was told, an Outage for each loop that never waits)."""
    clock, told, stop = MemoryClock(), Told(), Event()
    stop.set()
    trouble = Trouble(Quiet(clock), told)
    return clock, told, [Outage(loop, trouble, stop) for loop in loops]


def test_the_loops_of_a_process_tell_of_an_outage_once():
    """Two loops without the broker for twelve seconds: three lines, not six; then one that it is over."""
    clock, told, loops = site("intake", "scheduler")
    for _ in range(12):
        for loop in loops:
            loop.failed(BrokerUnavailable())
        clock.sleep(timedelta(seconds=1))
    loops[0].worked()
    assert told == [("broker.unavailable", "BRK-002")] * 3
    loops[1].worked()
    loops[1].worked()
    assert told[3:] == [("broker.recovered", None)]


def test_broker_and_store_are_two_things():
    """Each has its own lines, and each is over for itself; the code says what is wrong with the broker."""
    _, told, (loop,) = site("worker")
    loop.failed(BrokerBlocked())
    loop.failed(StoreUnavailable())
    loop.worked()
    assert told[:2] == [("broker.unavailable", "BRK-003"), ("store.unavailable", "STO-002")]
    assert sorted(told[2:]) == [("broker.recovered", None), ("store.recovered", None)]
