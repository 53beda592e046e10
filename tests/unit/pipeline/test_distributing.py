"""「配信取得」 The server is asked when it is time; what it says is kept, told once, and changes nothing."""

from datetime import date, timedelta

import pytest
from tests.unit.pipeline.test_deletes import file_of, registers

from kakehashi.errors import InputError, OutcomeUnknown, ServerUnreachable
from kakehashi.pipeline.distributing import read_distribution
from kakehashi.runtime.distributing import distributing

ROUTE = "tax-levy"
SOON, LATE = timedelta(minutes=11), timedelta(days=1, minutes=1)


@pytest.fixture
def house(house_of):
    house = house_of(ROUTE)
    house.asking = distributing(house.gateway)
    return house


def announce(house, *masters):
    masters = [
        {"name": "taxation-kind", "version": version, "valid_from": first, "valid_to": "", "codes": codes}
        for version, first, codes in masters
    ]
    house.server.admin.actions["POST /distribution"]({"masters": masters})


def asked(house):
    return sum(each.message_id == "SYM-903" for each in house.client.delivered)


def test_the_server_is_asked_every_day(house):
    """Ten minutes after the start for the first time, then a day after it was last answered."""
    assert house.asking.run_once() == 0
    house.clock.advance(SOON)
    assert [house.asking.run_once(), house.asking.run_once(), asked(house)] == [1, 0, 1]
    house.clock.advance(LATE)
    assert [house.asking.run_once(), asked(house)] == [1, 2]
    row = house.store.distribution()
    assert row.seen_at - row.received_at == LATE
    assert [len(read_distribution(row.content).layouts), len(house.recorder.named("distribution.changed"))] == [4, 1]


def test_after_a_restart_nothing_is_asked_that_is_known(house):
    """What another process asked within the day counts for this one, too; what is older is asked at once."""
    house.asking.fetch()
    assert distributing(house.gateway).run_once() == 0
    house.clock.advance(LATE)
    assert distributing(house.gateway).run_once() == 1


def test_a_silent_server_is_asked_again_and_what_was_known_stays(house):
    """The failure is told; ten minutes later it is asked again, not before."""
    house.asking.fetch()
    known = house.store.distribution()
    house.clock.advance(LATE)
    house.client.fail_before(ServerUnreachable())
    assert house.asking.run_once() == 0
    house.client.recover()
    assert house.asking.run_once() == 0
    assert [each["code"] for each in house.recorder.named("distribution.failed")] == ["SRV-002"]
    assert house.store.distribution() == known
    house.clock.advance(SOON)
    assert house.asking.run_once() == 1


def test_what_contradicts_itself_is_refused(house):
    """Two versions of one list on a day: the fault names both, and nothing is kept."""
    announce(house, ("2", "2026-07-01", "1 2"), ("3", "2026-08-01", "1 2 3"))
    with pytest.raises(InputError) as caught:
        house.asking.fetch()
    assert caught.value.fault.code == "DST-002"
    assert caught.value.fault.facts == {"about": "taxation-kind v2, taxation-kind v3"}
    assert house.store.distribution() is None


def test_a_day_that_no_calendar_has_is_refused(house):
    """The form of a special day is right, the day is not."""
    special = {"special": [{"kind": "holiday", "from": "2026-02-30", "to": "2026-02-30"}]}
    house.server.admin.actions["POST /distribution"](special)
    with pytest.raises(InputError) as caught:
        house.asking.fetch()
    assert caught.value.fault.code == "DST-002"


def test_what_its_schema_refuses_is_no_answer(house):
    """A document that is no SYM-904 is told as such; what it holds is not read."""
    answer = house.client._answer
    house.client._answer = lambda message: answer(message).replace(b"<Layouts>", b"<Layouts><Strange/>")
    with pytest.raises(OutcomeUnknown) as caught:
        house.asking.fetch()
    assert caught.value.fault.code == "VAL-004"


def test_a_distribution_changes_no_translation_and_rings(house, manifest):
    """Today's records go as they went; the alarm names lane and file, with the days that are left."""
    today = house.clock.now().date()
    announce(house, ("2", f"{today + timedelta(days=59)}", "1 2 4"))
    house.asking.fetch()
    house.take("A.DAT", file_of(manifest, registers(manifest, 3)))
    house.until_quiet()
    assert house.counts.accepted == 3
    (alarm,) = house.gateway.alarms().watch.ringing(house.clock.now())
    assert (alarm.code, alarm.lane, alarm.place) == ("ALM-015", ROUTE, "tables/tax-taxation.csv")
    assert (alarm.number, alarm.limit) == (59, 60)
    (changed,) = house.recorder.named("distribution.changed")
    assert changed["breaking"] == 1


def test_an_alarm_has_time_until_its_days_have_come(house):
    """Sixty-one days before, nobody is called yet."""
    assert house.clock.now().date() == date(2026, 4, 1)
    announce(house, ("2", "2026-06-01", "1 2 4"))
    house.asking.fetch()
    assert house.gateway.alarms().watch.ringing(house.clock.now()) == []
