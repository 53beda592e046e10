"""An operator is called when a lane waits too long or has parked records, once, and told when it is over."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.runtime.test_intake import Recorder

from kakehashi.config.settings import AlarmSettings
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.runtime.alarms import Alarms
from kakehashi.testing.memory_clock import MemoryClock


class Ledger:
    """What a ledger says of the lane `tax`."""

    def __init__(self, clock):
        self.since = clock.now()
        self.parked = 0
        self.batches = 0
        self.held = 0

    def counts(self):
        return [SimpleNamespace(lane="tax", oldest_waiting=self.since)]

    def causes(self):
        states = {RecordState.PARKED: self.parked, RecordState.REFUSED: 9}
        return [SimpleNamespace(lane="tax", state=state, count=count) for state, count in states.items()]

    def parked_batches(self):
        return [SimpleNamespace(lane="tax", records=1)] * self.batches

    def files(self, *, state):
        assert state is FileState.HELD
        return [SimpleNamespace(lane="tax", records=0)] * self.held


@pytest.fixture
def clock():
    return MemoryClock()


@pytest.fixture
def ledger(clock):
    return Ledger(clock)


@pytest.fixture
def alarms(clock, ledger):
    """As an empty gateway.toml sets them."""
    return Alarms(lanes=["tax"], store=ledger, settings=AlarmSettings(), clock=clock, events=Recorder())


def told(alarms, clock, minutes=1):
    clock.advance(timedelta(minutes=minutes))
    alarms.look()
    events, alarms.events.events = alarms.events.events, []
    return [(name, fields["about"], fields.get("number")) for name, fields in events]


def test_the_oldest_record_calls_after_an_hour_and_once(alarms, clock, ledger):
    """59 minutes are silent, 60 ring, 61 do not ring again; when nothing waits any more that is told."""
    assert told(alarms, clock, 59) == []
    assert told(alarms, clock) == [("alarm.raised", "oldest_waiting_minutes", 60)]
    assert told(alarms, clock) == []
    ledger.since = None
    assert told(alarms, clock) == [("alarm.cleared", "oldest_waiting_minutes", None)]


@pytest.mark.parametrize("what", ["parked", "batches", "held"])
def test_the_first_parked_record_calls(alarms, clock, ledger, what):
    """Parked by itself, with its batch or with its file; refused ones are their owner's, not the operator's."""
    assert told(alarms, clock) == []
    setattr(ledger, what, 1)
    assert told(alarms, clock) == [("alarm.raised", "parked_records", 1)]
    setattr(ledger, what, 0)
    assert told(alarms, clock) == [("alarm.cleared", "parked_records", None)]


def test_the_ledger_is_asked_once_a_minute(alarms, clock, ledger):
    """Also after the clock was set back."""
    assert told(alarms, clock) == []
    ledger.parked = 1
    assert told(alarms, clock, 0.5) == []
    assert told(alarms, clock, -60) != []


def test_lanes_of_other_processes_are_theirs(clock, ledger):
    """A scheduler tells of the lanes of its own configuration."""
    ledger.parked = 1
    alarms = Alarms(lanes=["welfare"], store=ledger, settings=AlarmSettings(), clock=clock, events=Recorder())
    assert told(alarms, clock) == []
