"""What every LifeBook promises; a part of the link store's suite: the fixture `links` is a new, empty link store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import LifeEvent, LinkEvent, residence
from kakehashi.ports.links import LinkStore

__all__ = ["LifeConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=JST)
_HANA = f"{101:015d}"


def _event(event: LinkEvent, day: int, *, person: str = _HANA, atena: int = 1) -> LifeEvent:
    return LifeEvent(
        unified=person,
        system="registry",
        atena=f"{atena:015d}",
        event=event,
        since=date(2026, 6, day),
        recorded_at=_NOW,
    )


class LifeConformance:
    def test_what_befell_a_person_is_known_once(self, links: LinkStore) -> None:
        """In the order in which it was recorded; told again, the time at which we knew it first stands."""
        out, back = _event(LinkEvent.MOVED_OUT, 3), _event(LinkEvent.MOVED_IN, 20)
        links.note_events([out, _event(LinkEvent.DIED, 9, person=f"{102:015d}")])
        links.note_events([replace(out, recorded_at=_NOW + timedelta(days=1)), back])
        found = links.life_events([_HANA, f"{103:015d}"])
        assert {person: list(events) for person, events in found.items()} == {_HANA: [out, back]}
        assert links.life_events([]) == {}

    def test_the_latest_day_says_where_somebody_lives(self, links: LinkStore) -> None:
        """Not what was recorded last: an older file that comes late changes nothing about today."""
        links.note_events([_event(LinkEvent.MOVED_IN, 20)])
        links.note_events([_event(LinkEvent.MOVED_OUT, 3), _event(LinkEvent.NATURALISED, 25)])
        assert residence(links.life_events([_HANA])[_HANA]) is LinkEvent.MOVED_IN
        links.note_events([_event(LinkEvent.DIED, 21)])
        assert residence(links.life_events([_HANA])[_HANA]) is LinkEvent.DIED
        assert residence([]) is None

    def test_many_events_are_noted_at_once(self, links: LinkStore) -> None:
        """More than a statement takes parameters."""
        persons = [f"{number:015d}" for number in range(1200)]
        links.note_events([_event(LinkEvent.NON_RESIDENT, 1, person=each) for each in persons])
        assert len(links.life_events(persons)) == len(persons)
