"""An operator is called once when something begins to be wrong, and told when it is over."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from tests.unit.runtime.test_intake import Recorder

from kakehashi.catalogue import PROBLEMS
from kakehashi.config.route_settings import ExpectSettings
from kakehashi.config.settings import AlarmSettings
from kakehashi.domain.batch import RecordState
from kakehashi.domain.breaker import BreakerRow, BreakerState
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.domain.provision import ProvisionState
from kakehashi.domain.symbol import AcquisitionState, Origin, Step
from kakehashi.ports.halts import NewHalt
from kakehashi.ports.ledger import NewFile
from kakehashi.ports.notices import Behind
from kakehashi.ports.provisions import ProvisionEntry
from kakehashi.ports.vigil import Expiry, Space
from kakehashi.runtime.alarms import Alarms
from kakehashi.runtime.watch import Watch
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.memory_surroundings import MemorySurroundings
from kakehashi.testing.store_conformance_provisions import inquiry as sample_inquiry
from kakehashi.testing.store_samples import NOW, begin, new_batches, new_exception

JAPAN = timezone(timedelta(hours=9))
DAILY = ExpectSettings(by="09:00")


def test_a_system_that_is_behind_with_its_notices_is_called_by_name():
    """From the limit on, with the minutes; one that has had everything is not."""
    lane = Lane(notices_behind_minutes=30)
    now = lane.clock.now()
    ages = {"tax": timedelta(minutes=31), "welfare": timedelta(minutes=29), "housing": None}
    behind = [
        Behind(
            system=name, pending=1, waiting=0, void=0, unwritten=0, untaken=0, oldest=None if age is None else now - age
        )
        for name, age in ages.items()
    ]
    (alarm,) = replace(lane.watch, behind=lambda: behind).ringing(now)
    assert (alarm.code, alarm.place, alarm.number, alarm.limit) == ("ALM-011", "tax", 31, 30)


def test_a_suspension_that_the_server_has_not_in_time_is_called_by_its_number():
    """From the limit on; not once it has it, and again while it has not its end."""
    lane = Lane(halt_minutes=5)
    now, halts = lane.clock.now(), lane.watch.store
    halt = NewHalt(
        action=HaltAction.LOCK, of=HaltOf.PERSON, key="1", means=HaltMeans.LOCK, reason="r", actor="a", placed_at=now
    )
    row, _ = halts.place_halt(halt)
    late = now + timedelta(minutes=5)
    assert lane.watch.ringing(late - timedelta(seconds=1)) == []
    (alarm,) = lane.watch.ringing(late)
    assert (alarm.code, alarm.place, alarm.number) == ("ALM-012", f"H{row.id}", 5)
    halts.told_halt(row.id, lifted=False, now=late)
    assert lane.watch.ringing(late) == []
    halts.lift_halt(halt.action, halt.of, halt.key, reason="r", actor="a", now=late)
    assert [each.number for each in lane.watch.ringing(late + timedelta(minutes=7))] == [7]


def test_an_inquiry_whose_deadline_is_near_calls_somebody():
    """The most urgent one, with the hours that are left; what has ended and what has time do not ring."""
    lane = Lane(provision_hours=24)
    soon, late = sample_inquiry(1, days=2), sample_inquiry(2, days=5)
    lane.store.add_provisions([late, soon], now=NOW)
    assert lane.watch.ringing(soon.deadline - timedelta(hours=24)) == []
    (alarm,) = lane.watch.ringing(soon.deadline - timedelta(hours=23, minutes=1))
    assert (alarm.code, alarm.number, alarm.limit) == ("ALM-013", 23, 24)
    row = lane.store.known_provisions([soon.provision_id])[soon.provision_id]
    ended = replace(row.what, state=ProvisionState.EXPIRED)
    entry = ProvisionEntry(at=NOW, what="expired", state=ended.state)
    assert lane.store.move_provision(row.id, turn=0, what=ended, entry=entry)
    assert lane.watch.ringing(soon.deadline) == []


class Lane:
    """The lane `tax` of a ledger, and the alarms over it as an empty gateway.toml sets them."""

    def __init__(self, **settings):
        self.clock, self.store, self.around = MemoryClock(), MemoryStore(), MemorySurroundings()
        self.routes = {"tax": SimpleNamespace(settings=SimpleNamespace(expect=None))}
        self.files = 0
        self.holidays = set()
        self.watch = Watch(
            routes=self.routes,
            store=self.store,
            settings=AlarmSettings(**settings),
            surroundings=self.around,
            is_holiday=self.holidays.__contains__,
        )
        self.alarms = Alarms(watch=self.watch, clock=self.clock, events=Recorder())

    def expect(self, expect):
        self.routes["tax"].settings.expect = expect

    def take(self, records=5, *, held=None, lane="tax"):
        """A file of one batch comes in now."""
        self.files += 1
        now, number = self.clock.now(), f"{self.files}"
        file = NewFile(
            lane=lane, name=number, digest=number.encode(), size=1, records=records, config_hash="h", received_at=now,
            spool=number, held=held,
        )  # fmt: skip
        batches = new_batches((records,) if records else ())
        row = self.store.add_file(file, batches, request_ids=[number] * len(batches))
        return row, self.store.batches(row.id)

    def settle(self, batch, refused=0, code="MAP-002"):
        """The batch is sent and settled now; its first `refused` records are refused."""
        begin(self.store, batch)
        first = batch.first_record
        exceptions = [new_exception(first + number, code=code) for number in range(refused)]
        assert self.store.settle(
            batch.id, turn=1, accepted=batch.records - refused, code=None, exceptions=exceptions, result=None,
            now=self.clock.now(),
        )  # fmt: skip

    def move(self, number, state):
        """The acquisition comes into that state now."""
        row, now = self.store.acquisition(number), self.clock.now()
        what = replace(row.what, state=state, since=now, due=None)
        assert self.store.move(number, turn=row.turn, step=Step(what), now=now)

    def told(self, minutes=1):
        """What the alarms tell that many minutes later."""
        self.clock.advance(timedelta(minutes=minutes))
        self.alarms.look()
        events, self.alarms.events.events = self.alarms.events.events, []
        assert all(fields["code"] in PROBLEMS for _, fields in events)
        return [(name.removeprefix("alarm."), fields["about"], fields.get("number")) for name, fields in events]

    def told_at(self, moment):
        return self.told((moment - self.clock.now()) / timedelta(minutes=1))


@pytest.fixture
def lane():
    return Lane()


def test_the_oldest_record_calls_after_an_hour_and_once(lane):
    """59 minutes are silent, 60 ring, 61 do not ring again; when nothing waits any more that is told."""
    _, (batch,) = lane.take()
    assert lane.told(59) == []
    assert lane.told() == [("raised", "oldest_waiting_minutes", 60)]
    assert lane.told() == []
    lane.settle(batch)
    assert lane.told() == [("cleared", "oldest_waiting_minutes", None)]


def parked_record(lane, batch):
    begin(lane.store, batch)
    exceptions = [new_exception(batch.first_record, state=RecordState.PARKED, code="SRV-008")]
    lane.store.settle(batch.id, turn=1, accepted=batch.records - 1, code=None, exceptions=exceptions, result=None,
                      now=lane.clock.now())  # fmt: skip
    (row,) = lane.store.exceptions(code="SRV-008")
    return lambda: lane.store.discard([row.id], reason="r", actor="a", now=lane.clock.now())


def parked_batch(lane, batch):
    lane.store.park(batch.id, turn=0, code="SRV-009", now=lane.clock.now())
    return lambda: lane.store.decide_batch(batch.id, release=False, reason="r", actor="a", now=lane.clock.now())


@pytest.mark.parametrize(("park", "records"), [(parked_record, 1), (parked_batch, 5)])
def test_the_first_parked_record_calls(lane, park, records):
    """Parked by itself or with its batch; refused ones are their owner's, not the operator's."""
    _, (first,) = lane.take()
    lane.settle(first, refused=2)
    _, (batch,) = lane.take()
    assert lane.told() == []
    decide = park(lane, batch)
    assert lane.told() == [("raised", "parked_records", records)]
    decide()
    assert lane.told() == [("cleared", "parked_records", None)]


@pytest.mark.parametrize("records", [0, 5])
def test_a_held_file_calls(lane, records):
    """Also one that holds no record."""
    file, _ = lane.take(records, held="DEC-010")
    assert lane.told() == [("raised", "parked_records", max(records, 1))]
    lane.store.decide_file(file.id, release=False, reason="r", actor="a", now=lane.clock.now())
    assert lane.told() == [("cleared", "parked_records", None)]


def test_a_day_without_its_file_calls_at_its_hour(lane):
    """At 09:00, if nothing has come since 21:00; a file that comes late clears it; the next day begins anew."""
    lane.expect(DAILY)

    def comes():
        _, (batch,) = lane.take()
        lane.settle(batch)

    lane.clock.advance(datetime(2026, 7, 1, 8, 59, tzinfo=JAPAN) - lane.clock.now())
    comes()
    assert lane.told() == []
    assert lane.told_at(datetime(2026, 7, 2, 8, 59, tzinfo=JAPAN)) == []
    for day in (3, 4):
        assert lane.told() == [("raised", "files_received", 0)]
        comes()
        assert lane.told() == [("cleared", "files_received", None)]
        assert lane.told_at(datetime(2026, 7, day, 8, 59, tzinfo=JAPAN)) == []


def test_weekends_and_held_files_are_no_flow(lane):
    """Friday's file stands until Monday 09:00; a held file, or one with too few records, does not count."""
    lane.expect(DAILY.model_copy(update={"records": 5}))
    lane.clock.advance(datetime(2026, 7, 3, 8, 0, tzinfo=JAPAN) - lane.clock.now())
    _, (friday,) = lane.take(5)
    lane.settle(friday)
    assert lane.told_at(datetime(2026, 7, 6, 8, 59, tzinfo=JAPAN)) == []
    lane.take(5, held="DEC-010")
    assert lane.told() == [("raised", "parked_records", 5), ("raised", "files_received", 0)]
    _, (small,) = lane.take(4)
    lane.settle(small)
    assert lane.told() == [("raised", "records_received", 4), ("cleared", "files_received", None)]
    _, (rest,) = lane.take(1)
    lane.settle(rest)
    assert lane.told() == [("cleared", "records_received", None)]


def test_nothing_is_expected_on_a_holiday(lane):
    """The last deadline before it stands; a lane that works on holidays is expected to."""
    lane.expect(DAILY)
    lane.clock.advance(datetime(2026, 7, 17, 8, 0, tzinfo=JAPAN) - lane.clock.now())
    _, (friday,) = lane.take()
    lane.settle(friday)
    lane.holidays.add(date(2026, 7, 20))
    assert lane.told_at(datetime(2026, 7, 20, 9, 0, tzinfo=JAPAN)) == []
    assert lane.told_at(datetime(2026, 7, 21, 8, 59, tzinfo=JAPAN)) == []
    assert lane.told() == [("raised", "files_received", 0)]
    lane.clock.advance(timedelta(days=-1))
    assert lane.told() == [("cleared", "files_received", None)]
    lane.expect(DAILY.model_copy(update={"holidays": "expected"}))
    assert lane.told() == [("raised", "files_received", 0)]


@pytest.mark.parametrize(("name", "of_lane", "place"), [("*", "", "server"), ("tax", "tax", None)])
def test_a_breaker_that_stays_open_calls(lane, name, of_lane, place):
    """A minute after it opened, also while a probe is on its way; of lanes of other processes not; closed is closed."""
    opened = BreakerRow(name=name, state=BreakerState.OPEN, since=lane.clock.now(), code="SRV-002")
    lane.store.note_breaker(opened)
    lane.store.note_breaker(replace(opened, name="welfare"))
    assert lane.told(0.9) == []
    lane.store.note_breaker(replace(opened, state=BreakerState.HALF_OPEN))
    assert lane.told() == [("raised", "breaker_open_minutes", 1)]
    (alarm,) = lane.watch.ringing(lane.clock.now())
    assert (alarm.code, alarm.lane, alarm.place) == ("ALM-005", of_lane, place)
    lane.store.note_breaker(replace(opened, state=BreakerState.CLOSED, since=lane.clock.now()))
    assert lane.told() == [("cleared", "breaker_open_minutes", None)]


def test_many_refused_records_call(lane):
    """A tenth of what was settled within the hour, from twenty records on; superseded ones need nothing."""
    _, (batch,) = lane.take(19)
    lane.settle(batch, refused=19)
    assert lane.told() == []
    _, (batch,) = lane.take(170)
    lane.settle(batch, refused=150, code="REF-002")
    assert lane.told() == [("raised", "refused_percent", 10)]
    _, (batch,) = lane.take(20)
    lane.settle(batch)
    assert lane.told() == [("cleared", "refused_percent", None)]
    _, (batch,) = lane.take(100)
    lane.settle(batch, refused=60)
    assert lane.told() == [("raised", "refused_percent", 25)]
    assert lane.told(61) == [("cleared", "refused_percent", None)]


def test_an_acquisition_that_stands_still_calls(lane):
    """Three days in the same state once it has begun, wherever that is; one that has not begun has no age."""
    lane.store.need(["700000000000001", "700000000000002"], origin=Origin.STARTED, now=lane.clock.now())
    assert lane.told(60 * 24 * 30) == []
    first, second = (row.id for row in lane.store.acquisitions())
    lane.move(first, AcquisitionState.ACKNOWLEDGED)
    lane.move(second, AcquisitionState.FORWARDED)
    assert lane.told(60 * 24 * 3 - 2) == []
    assert lane.told(2) == [("raised", "symbol_days", 3), ("raised", "symbol_days", 3)]
    assert [alarm.place for alarm in lane.watch.ringing(lane.clock.now())] == ["acknowledged", "forwarded"]
    lane.move(first, AcquisitionState.LINKED)
    assert lane.told() == [("cleared", "symbol_days", None)]
    lane.move(second, AcquisitionState.OPERATOR)
    assert lane.told() == [("raised", "symbols_for_operator", 1), ("cleared", "symbol_days", None)]
    lane.move(second, AcquisitionState.CANCELLED)
    assert lane.told() == [("cleared", "symbols_for_operator", None)]


def test_a_full_disk_calls_before_it_is_full(lane):
    """Less than a gigabyte, or few files more; each disk by itself."""
    roomy = Space(place="spool ledger", bytes=1_024_000_000, inodes=10_000)
    lane.around.disks = [roomy]
    assert lane.told() == []
    lane.around.disks = [replace(roomy, bytes=1_023_999_999), replace(roomy, place="exchange", inodes=9_999)]
    assert lane.told() == [("raised", "disk_free_inodes", 9_999), ("raised", "disk_free_megabytes", 1_023)]
    lane.around.disks = [roomy, replace(roomy, place="exchange", inodes=None)]
    assert lane.told() == [("cleared", "disk_free_inodes", None), ("cleared", "disk_free_megabytes", None)]


def test_a_certificate_calls_a_month_before_its_end(lane):
    """30 whole days are enough, a minute less rings; after the end days are negative; unreadable is told as such."""
    lane.around.certificates = [Expiry(place="client", until=lane.clock.now() + timedelta(days=30, minutes=1))]
    assert lane.told() == []
    assert lane.told() == [("raised", "certificate_days", 29)]
    lane.around.certificates = [Expiry(place="client", until=None)]
    assert lane.told() == [("raised", "certificate_readable", 0), ("cleared", "certificate_days", None)]
    lane.around.certificates = [Expiry(place="client", until=lane.clock.now() - timedelta(days=3))]
    assert lane.told() == [("raised", "certificate_days", -4), ("cleared", "certificate_readable", None)]
    lane.around.certificates = [Expiry(place="client", until=lane.clock.now() + timedelta(days=398))]
    assert lane.told() == [("cleared", "certificate_days", None)]


def test_the_ledger_is_asked_once_a_minute(lane):
    """Also after the clock was set back."""
    assert lane.told() == []
    lane.take(held="DEC-010")
    assert lane.told(0.5) == []
    assert lane.told(-60) != []


def test_lanes_of_other_processes_are_theirs(lane):
    """A scheduler tells of the lanes of its own configuration."""
    lane.take(held="DEC-010", lane="welfare")
    assert lane.told() == []
