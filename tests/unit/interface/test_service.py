"""When the server takes messages: weekly hours, holidays, planned maintenance and extra hours."""

import shutil
from datetime import date, datetime, time, timedelta, timezone

import pytest
from tests.unit.validation.samples import PROFILE

from kakehashi.errors import ConfigurationError
from kakehashi.interface.profile import load_profile
from kakehashi.interface.service import ServiceHours, special_time

JAPAN = timezone(timedelta(hours=9))
CALENDAR = [
    ("holiday", "2026-04-29", "2026-04-29"),
    ("holiday", "2026-12-29", "2027-01-03"),
    ("maintenance", "2026-04-07T10:00", "2026-04-08T07:00"),
    ("open", "2026-04-11T09:00", "2026-04-11T12:00"),
]


@pytest.fixture
def hours():
    """Weekdays from eight to six, with a calendar."""
    calendar = [special_time(*row) for row in CALENDAR]
    return ServiceHours(open=time(8), close=time(18), days=frozenset(range(5)), calendar=calendar)


@pytest.mark.parametrize(
    ("day", "free"),
    [("2026-04-28", False), ("2026-04-29", True), ("2026-04-07", False), ("2027-01-03", True), ("2027-01-04", False)],
)
def test_only_holidays_are_holidays(hours, day, free):
    """From the first to the last day; maintenance and weekends are none."""
    assert hours.is_holiday(date.fromisoformat(day)) == free


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-04-06T12:00", "2026-04-06T12:00"),  # a Monday at noon
        ("2026-04-06T07:59", "2026-04-06T08:00"),
        ("2026-04-06T18:00", "2026-04-07T08:00"),
        ("2026-04-07T10:00", "2026-04-08T08:00"),  # maintenance ends before the day begins
        ("2026-04-10T18:00", "2026-04-11T09:00"),  # Saturday's extra hours
        ("2026-04-11T12:00", "2026-04-13T08:00"),
        ("2026-04-28T20:00", "2026-04-30T08:00"),  # a holiday
        ("2026-12-28T18:00", "2027-01-04T08:00"),  # the turn of the year
    ],
)
def test_the_next_opening_follows_the_calendar(hours, now, opening):
    """Open now, or the first moment that weekly hours and calendar agree upon."""
    assert hours.next_opening(at(now)) == at(opening)
    assert hours.is_open(at(opening))
    assert hours.is_open(at(now)) is (now == opening)


def test_it_is_closed_from_now_to_the_opening(hours):
    """Not one minute before the opening is open, from any closed moment of a month on."""
    now = at("2026-04-06T00:00")
    while now < at("2026-05-06T00:00"):
        if not hours.is_open(now):
            opening = hours.next_opening(now)
            while now < opening:
                assert not hours.is_open(now)
                now += timedelta(minutes=30)
        now += timedelta(minutes=30)


def test_maintenance_goes_before_extra_hours():
    """計画停止 within extra hours: closed; a calendar that never opens is looked at again a day later."""
    both = [special_time(kind, "2026-04-06T00:00", "2026-04-07T00:00") for kind in ("open", "maintenance")]
    never = ServiceHours(open=time(8), close=time(18), days=frozenset(), calendar=both)
    now = at("2026-04-06T12:00")
    assert not never.is_open(now)
    extra = ServiceHours(open=time(8), close=time(18), days=frozenset(), calendar=both[:1])
    assert extra.is_open(now)


def test_a_calendar_is_read_with_its_profile(tmp_path):
    """Rows of the table are in force; wrong ones are named with their file and row."""
    folder = shutil.copytree(PROFILE, tmp_path / "profile")
    table = folder / "calendar.csv"
    table.write_text("kind,from,to,note\nmaintenance,2026-04-07T10:00,2026-04-08T07:00,計画停止\n", encoding="utf-8")
    service = load_profile(folder).service
    assert not service.is_open(at("2026-04-07T12:00"))
    assert service.next_opening(at("2026-04-07T12:00")) == at("2026-04-08T07:00")
    table.write_text(
        "kind,from,to,note\nfeast,2026-04-07,2026-04-08,\nholiday,2026-04-09,2026-04-08,\n", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError) as caught:
        load_profile(folder)
    assert [(fault.code, fault.place.file, fault.place.item) for fault in caught.value.faults] == [
        ("CFG-008", "calendar.csv", "kind"),
        ("CFG-008", "calendar.csv", "to"),
    ]
