"""Links are compared anew by themselves, from time to time, some at a time."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.pipeline.persons import Hall

from kakehashi.pipeline import rematch
from kakehashi.runtime.comparing import Comparing
from kakehashi.runtime.events import EventLog

WEEK = timedelta(days=7)


@pytest.fixture
def hall(tmp_path):
    made = Hall(tmp_path, links='[links]\nmode = "link-only"\n')
    made.register(*range(6))
    made.link(*(made.row(person, system="tax") for person in range(6)))
    return made


def comparing(hall, every=WEEK):
    return Comparing(links=hall.links, sealer=hall.sealer, clock=hall.clock, events=EventLog(), every=every)


def told(comparing, steps=10):
    """What it says in so many steps, as (event, compared, same, asked, frozen)."""
    with capture_logs() as logs:
        for _ in range(steps):
            assert comparing.run_once() == 0, "it rests after each step"
    return [tuple(line[key] for key in ("event", "compared", "same", "asked", "frozen")) for line in logs]


def test_a_week_after_the_last_time_all_are_compared_anew(hall):
    """Also by a process that has begun since; a link that drifts is told as a warning, and again
    while somebody is still asked.
    """
    assert told(comparing(hall)) == [("links.compared", 6, 6, 0, 0)]
    hall.register(1, person_address="架空県橋渡市本町１－１－１")
    hall.register(2, person_kanji="新姓　花子", person_address="架空県橋渡市本町１－１－２")
    hall.clock.advance(WEEK - timedelta(seconds=1))
    later = comparing(hall)
    assert told(later) == []
    hall.clock.advance(timedelta(minutes=1))
    assert told(later) == [("links.drifting", 6, 4, 1, 1)]
    hall.clock.advance(WEEK)
    assert told(later) == [("links.drifting", 5, 4, 1, 0)]
    assert (len(hall.links.reviews()), len(hall.links.conflicts())) == (1, 1)


def test_one_that_is_cut_off_is_begun_again_by_the_next(hall, monkeypatch):
    """Nothing is said to be compared before all is; what somebody was asked about already stays one question."""
    monkeypatch.setattr(rematch, "_AT_ONCE", 2)
    hall.register(1, person_address="架空県橋渡市本町１－１－１")
    cut = comparing(hall)
    assert told(cut, steps=2) == []
    assert hall.links.compared_at() is None
    assert told(comparing(hall)) == [("links.drifting", 6, 5, 1, 0)]
    assert len(hall.links.reviews()) == 1


def test_a_store_in_trouble_delays_it(hall, monkeypatch):
    """The error is its caller's; the comparison begins again, and is whole."""
    broken = comparing(hall)
    monkeypatch.setattr(hall.links, "verdicts", lambda _claims: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.run_once()
    monkeypatch.undo()
    hall.clock.advance(timedelta(minutes=1))
    assert told(broken) == [("links.compared", 6, 6, 0, 0)]


def test_without_days_nothing_is_compared_by_itself(hall):
    """`compare_days = 0`."""
    assert told(comparing(hall, every=timedelta(0))) == []
    assert hall.links.compared_at() is None
