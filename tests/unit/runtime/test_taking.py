"""The loop of one lane: whose trouble it tells, how often, and that it goes on."""

from threading import Event
from types import SimpleNamespace

import pytest
from tests.unit.runtime.test_intake import Recorder

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable, FolderUnavailable, StoreCorrupt, StoreUnavailable
from kakehashi.runtime.outage import Outage, Quiet, Trouble
from kakehashi.runtime.taking import Taking
from kakehashi.testing.memory_clock import MemoryClock


class Stop(Event):
    """Nobody waits here: what would have been waited is counted."""

    def __init__(self):
        super().__init__()
        self.waited = []

    def wait(self, timeout=None):
        self.waited.append(timeout)
        return self.is_set()


class Lanes:
    """Two lanes that share a quiet log; each step of `lane` does what the list says, the last one stops."""

    def __init__(self):
        self.clock, self.events, self.stop = MemoryClock(), Recorder(), Stop()
        self.quiet = Quiet(self.clock)
        self.trouble = Trouble(self.quiet, self.events)
        self.unexpected, self.taken, self.closed = [], 0, 0

    def run(self, lane, *steps):
        left = list(steps)

        def run_once():
            step = left.pop(0)
            if not left:
                self.stop.set()
            if isinstance(step, Exception):
                raise step
            return step

        def close():
            self.closed += 1

        def taken():
            self.taken += 1

        self.stop.clear()
        Taking(
            intake=SimpleNamespace(
                run_once=run_once, route=SimpleNamespace(name=lane), source=SimpleNamespace(close=close)
            ),
            broker=SimpleNamespace(publish=lambda _messages: None),
            quiet=self.quiet,
            events=self.events,
            outage=Outage(lane, self.trouble, self.stop),
            stop=self.stop,
            taken=taken,
            unexpected=self.unexpected.append,
        ).run()

    def told(self):
        return [(name, fields.get("lane"), fields.get("code")) for name, fields in self.events.events]


@pytest.fixture
def lanes():
    return Lanes()


@pytest.mark.parametrize("error", [FolderUnavailable("FIL-002"), BrokerMisconfigured("BRK-005")])
def test_a_failing_source_is_told_once_in_five_seconds_with_its_lane_and_once_when_it_is_over(lanes, error):
    """However often it fails; two lanes are two sources. An empty folder that can be read again is the end of it."""
    lanes.run("tax", *[error] * 50, 0, 0)
    lanes.run("welfare", error, error, 3)
    code = error.fault.code
    assert lanes.told() == [
        ("source.unavailable", "tax", code),
        ("source.recovered", "tax", None),
        ("source.unavailable", "welfare", code),
        ("source.recovered", "welfare", None),
    ]
    assert lanes.taken == 1
    assert lanes.closed == 2


@pytest.mark.parametrize("error", [StoreUnavailable(), BrokerUnavailable()])
def test_an_outage_of_all_lanes_is_told_by_one_of_them(lanes, error):
    """One line for the store or the broker, not one a lane."""
    for lane in ("tax", "welfare", "registry"):
        lanes.run(lane, error, error)
    what = "store" if isinstance(error, StoreUnavailable) else "broker"
    assert lanes.told() == [(f"{what}.unavailable", None, error.fault.code)]


def test_pauses_grow_to_two_seconds_and_begin_anew(lanes):
    """A dead folder is asked every two seconds at most, a lively one five times a second."""
    lanes.run("tax", *[FolderUnavailable()] * 8, 0, 0)
    assert max(lanes.stop.waited) == 2.0
    assert lanes.stop.waited[-2:] == [0.2, 0.2]


def test_what_nobody_thought_of_is_told_and_the_lane_goes_on(lanes):
    """An unexpected exception does not end the thread of a lane."""
    error = ZeroDivisionError()
    lanes.run("tax", error, 2)
    assert lanes.unexpected == [error]
    assert lanes.taken == 1


def test_a_corrupt_ledger_ends_the_loop(lanes):
    """Whoever runs the loop ends the process."""
    with pytest.raises(StoreCorrupt):
        lanes.run("tax", StoreCorrupt(), 0)
