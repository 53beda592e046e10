"""What every LinkStore promises of numbers that wait for their day. `LinkConformance` takes it in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Conflict, LifeEvent, LinkEvent, Note
from kakehashi.errors import StoreError
from kakehashi.ports.held_numbers import HeldSummary
from kakehashi.ports.links import LinkRow, LinkStore, SealedNumber
from kakehashi.ports.sealer import Sealed

__all__ = ["HeldConformance"]

_DAY = date(2026, 12, 1)
_NOW = datetime(2026, 11, 20, 9, tzinfo=JST)
_TURN = datetime(2026, 12, 1, tzinfo=JST)
_NOTE = Note("extract", "event of the registry")


def _held(
    links: LinkStore, number: str, *, atena: int = 1, system: str = "tax", told: str = "", changed: bool = False
) -> LinkRow:
    blind = f"blind {number}".encode()
    unified = told or links.reserve([(blind,)], prefix="9", now=_NOW)[0]
    return LinkRow(
        system=system,
        atena=f"{atena:015d}",
        unified=unified,
        blind=blind,
        number=Sealed("k1", f"sealed {number}".encode()),
        since=_NOW.date(),
        changed=changed,
        earliest=_DAY,
    )


def _enforce(links: LinkStore, *, most: int = 2) -> None:
    while links.enforce(_DAY, most=most, now=_TURN).ended_at is None:
        pass


class HeldConformance:
    def test_a_held_number_shows_nowhere(self, links: LinkStore) -> None:
        """Neither its person, nor its link, nor a count of either; only the summary of what is held."""
        row = _held(links, "x")
        assert links.hold_rows([row], now=_NOW) == {}
        assert row.blind is not None
        assert links.held_owners([row.blind]) == {row.blind: row.unified}
        assert links.owners([row.blind]) == {}
        assert links.resolve("tax", [row.atena]) == {}
        assert links.held_links("tax", [row.atena, "0"]) == {row.atena: row.unified}
        assert not any(
            (
                list(links.links("tax")),
                links.persons_links(row.unified),
                links.periods("tax", row.atena),
                links.number_periods(row.unified),
                links.coverage(),
                links.conflicts(undecided=False),
            )
        )
        assert links.sealed_number(row.unified) is None
        assert links.held_summary() == HeldSummary(numbers=1, links={"tax": 1}, conflicts=0, oldest=_NOW)
        assert links.enforcement() is None

    def test_on_the_day_all_are_active_and_counted(self, links: LinkStore) -> None:
        """Some at a time; they hold from the day and were recorded when they came."""
        rows = [_held(links, f"n{n}", atena=n) for n in range(5)]
        links.hold_rows(rows, now=_NOW)
        first = links.enforce(_DAY, most=2, now=_TURN)
        assert (first.held, first.active, first.begun_at, first.ended_at) == (5, 2, _TURN, None)
        _enforce(links)
        last = links.enforcement()
        assert last is not None
        assert (last.day, last.held, last.active, last.contradicted, last.ended_at) == (_DAY, 5, 5, 0, _TURN)
        assert links.enforce(_DAY, most=2, now=_TURN + timedelta(days=1)) == last, "once"
        assert [(row.atena, row.unified, row.blind, row.number) for row in links.links("tax")] == [
            (row.atena, row.unified, row.blind, row.number) for row in rows
        ]
        for periods in (links.periods("tax", rows[0].atena), links.number_periods(rows[0].unified)):
            ((since, recorded),) = [(period.since, period.recorded_at) for period in periods]
            assert (since, recorded) == (_DAY, _NOW)
        assert links.held_summary() == HeldSummary(numbers=0, links={}, conflicts=0, oldest=None)

    def test_several_processes_make_each_active_once(self, links: LinkStore) -> None:
        """Eight at a time over forty numbers."""
        rows = [_held(links, f"n{n}", atena=n) for n in range(40)]
        links.hold_rows(rows, now=_NOW)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: _enforce(links, most=3), range(8)))
        found = links.enforcement()
        assert found is not None
        assert (found.held, found.active) == (40, 40)
        assert len(list(links.links("tax"))) == len(links.unheard(most=100)) == 40

    def test_nothing_is_held_any_more_once_it_has_begun(self, links: LinkStore) -> None:
        """A process whose clock is late, or that was set back, does not hold: it comes again."""
        row = _held(links, "x")
        links.enforce(_DAY, most=1, now=_TURN)
        for late in (
            lambda: links.hold_rows([row], now=_NOW),
            lambda: links.reserve([(b"blind y",)], prefix="9", now=_NOW),
            lambda: links.hold_drift("tax", row.atena, evidence=b"e", now=_NOW),
            lambda: links.end_held("tax", row.atena, note=_NOTE, now=_NOW),
            lambda: links.release_held(row.unified, since=_DAY, note=_NOTE, now=_NOW),
        ):
            with pytest.raises(StoreError) as caught:
                late()
            assert caught.value.fault.code == "IDN-013"

    def test_a_person_is_held_once(self, links: LinkStore) -> None:
        """The same number in other systems and again is one person; the sealed form is the first one."""
        rows = [_held(links, "x"), _held(links, "x", system="welfare", atena=7), _held(links, "x")]
        for row in rows:
            assert links.hold_rows([row], now=_NOW) == {}
        assert links.held_summary().numbers == 1
        _enforce(links)
        assert [row.system for row in links.persons_links(rows[0].unified)] == ["tax", "welfare"]

    def test_a_reserved_number_is_given_to_nobody_else(self, links: LinkStore) -> None:
        """Neither by `assign` nor by another reservation; who has one is asked for it."""
        first, again, other = (_held(links, number).unified for number in ("x", "x", "y"))
        assert first == again != other
        (assigned,) = links.assign([(b"blind z",)], prefix="9", now=_NOW)
        assert assigned not in (first, other)
        assert links.reserve([(b"blind z",)], prefix="9", now=_NOW) == [assigned]

    def test_a_told_person_is_linked_at_once_without_the_number(self, links: LinkStore) -> None:
        """Moves before the day carry no number; on the day it joins the link that stands."""
        row = _held(links, "x", told="700")
        assert links.hold_rows([row], now=_NOW) == {}
        assert links.resolve("tax", [row.atena]) == {row.atena: "700"}
        assert [(each.blind, each.number) for each in links.links("tax")] == [(None, None)]
        assert links.held_summary() == HeldSummary(numbers=1, links={}, conflicts=0, oldest=_NOW)
        _enforce(links)
        assert [(each.blind, each.number) for each in links.links("tax")] == [(row.blind, row.number)]
        (link,) = links.periods("tax", row.atena)
        assert link.since == _NOW.date(), "the link is as old as it was"

    def test_a_changed_number_takes_the_place_of_the_held_one(self, links: LinkStore) -> None:
        """Both are known on the day: the old one is history of that person, for no day."""
        old, new = _held(links, "x", told="700"), _held(links, "y", told="700", changed=True)
        assert links.hold_rows([old, new], now=_NOW) == {}
        assert links.held_summary().numbers == 1
        _enforce(links)
        assert links.sealed_number("700") == new.number
        former, current = links.number_periods("700")
        assert (former.since, former.until, former.cause) == (_DAY, _DAY, "changed")
        assert (current.since, current.until) == (_DAY, None)
        assert old.blind is not None
        assert links.owners([old.blind]) == {old.blind: "700"}

    def test_who_has_gone_before_the_day_is_not_linked_on_it(self, links: LinkStore) -> None:
        """Ended, released: the person keeps the number for ever, nobody is told of them, the link is history."""
        gone, moved = _held(links, "x", atena=1), _held(links, "y", atena=2)
        links.hold_rows([gone, moved], now=_NOW)
        assert links.release_held(gone.unified, since=_NOW.date(), note=_NOTE, now=_NOW)
        assert [links.end_held("tax", moved.atena, note=_NOTE, now=_NOW) for _ in range(2)] == [True, True]
        assert not links.end_held("tax", f"{9:015d}", note=_NOTE, now=_NOW)
        assert not links.release_held("999", since=_NOW.date(), note=_NOTE, now=_NOW)
        _enforce(links)
        assert list(links.links("tax")) == []
        assert links.unheard(most=9) == [moved.unified]
        (period,) = links.periods("tax", gone.atena)
        assert (period.since, period.until, period.cause, period.note) == (_DAY, _DAY, "released", _NOTE)

    def test_a_held_contradiction_freezes_on_the_day(self, links: LinkStore) -> None:
        """Before it, it is refused and nothing is frozen or shown; from the day on somebody decides."""
        rows = [_held(links, "x", told="700"), _held(links, "x", told="701", atena=2)]
        links.hold_rows([LinkRow(system="tax", atena=rows[1].atena, unified="701")], now=_NOW)
        assert links.held_contradictions(rows, now=_NOW) == 1
        for _ in range(2):
            assert links.hold_rows(rows, now=_NOW) == {1: Conflict.NUMBER}
        assert links.conflicts(undecided=False) == []
        assert set(links.resolve("tax", [row.atena for row in rows])) == {row.atena for row in rows}
        assert links.held_summary().conflicts == 1
        links.enforce(_DAY, most=1, now=_TURN)
        assert links.resolve("tax", [row.atena for row in rows]) == {}, "both sides, from the first moment"
        _enforce(links)
        (conflict,) = links.conflicts()
        assert (conflict.kind, conflict.known, conflict.row.unified) == (Conflict.NUMBER, "700", "701")
        assert links.decide(conflict.id, take=False, note=_NOTE, now=_TURN)
        assert len(links.resolve("tax", [row.atena for row in rows])) == 2

    def test_a_held_link_that_drifts_is_frozen_on_the_day(self, links: LinkStore) -> None:
        """As any other would be at once."""
        row = _held(links, "x")
        links.hold_rows([row], now=_NOW)
        assert links.hold_drift("tax", row.atena, evidence=b"evidence", now=_NOW)
        assert not links.hold_drift("tax", f"{9:015d}", evidence=b"evidence", now=_NOW)
        assert links.conflicts() == []
        _enforce(links)
        assert links.unresolved("tax", [row.atena]) == {row.atena}
        assert [conflict.kind for conflict in links.conflicts()] == [Conflict.DRIFT]

    def test_numbers_that_somebody_made_active_too_early_contradict(self, links: LinkStore) -> None:
        """A process that knew of no day: what it made stands, both sides are frozen, all are counted."""
        rows = [_held(links, "x"), _held(links, "y", atena=2), _held(links, "z", atena=3)]
        links.hold_rows(rows, now=_NOW)
        other = LinkRow(system="tax", atena=f"{4:015d}", unified="700", blind=rows[0].blind, number=Sealed("k1", b"o"))
        same = replace(rows[2], earliest=None)
        links.link([other, LinkRow(system="tax", atena=rows[1].atena, unified="701"), same], now=_NOW)
        _enforce(links)
        found = links.enforcement()
        assert found is not None
        assert (found.held, found.active, found.contradicted) == (3, 2, 1)
        sides = {(c.kind, c.known, c.row.unified) for c in links.conflicts()}
        assert sides == {(Conflict.NUMBER, "700", rows[0].unified), (Conflict.LINK, "701", rows[1].unified)}
        assert links.resolve("tax", [f"{n:015d}" for n in (1, 2, 3, 4)]) == {rows[2].atena: rows[2].unified}
        assert sorted(links.unheard(most=9)) == sorted([rows[1].unified, rows[2].unified])

    def test_what_follows_is_begun_until_it_is_heard(self, links: LinkStore) -> None:
        """Who dies in between leaves it to the next one; numbers that were only reserved are not told."""
        rows = [_held(links, f"n{n}", atena=n) for n in range(3)]
        links.reserve([(b"blind reserved",)], prefix="9", now=_NOW)
        links.hold_rows(rows, now=_NOW)
        assert links.unheard(most=9) == []
        _enforce(links)
        told = links.unheard(most=2)
        links.heard(told)
        rest = links.unheard(most=9)
        assert sorted([*told, *rest]) == sorted(row.unified for row in rows)
        links.heard(rest)
        assert links.unheard(most=9) == []
        found = links.enforcement()
        assert found is not None
        assert (found.held, found.active) == (3, 3)

    def test_held_numbers_are_resealed_too(self, links: LinkStore) -> None:
        """Held ones and those in whose place another one came, for an early rotation of the keys."""
        rows = [_held(links, "x", told="700"), _held(links, "y", told="700", changed=True)]
        links.hold_rows(rows, now=_NOW)
        seen: list[bytes] = []

        def renew(number: SealedNumber) -> tuple[Sealed, bytes]:
            assert number.unified == "700"
            seen.append(number.sealed.body)
            return Sealed("k2", number.sealed.body), b"new " + number.blind

        while links.reseal(renew, current="k2", prefix=b"new ", most=1):
            pass
        assert sorted(seen) == [b"sealed x", b"sealed y"]
        assert links.held_owners([b"new blind x", b"new blind y"]) == {
            b"new blind x": "700",
            b"new blind y": "700",
        }
        with pytest.raises(StoreError) as caught:
            links.hold_rows(rows, now=_NOW)
        assert caught.value.fault.code == "SEC-005"

    def test_what_is_to_be_told_waits_for_the_day(self, links: LinkStore) -> None:
        """Neither of a held link nor of one whose person is held; in the step that makes them active, once."""
        rows = [replace(_held(links, f"n{n}", atena=n), since=None, news=True) for n in (1, 2)]
        for _ in range(2):
            assert links.hold_rows([*rows, _held(links, "x", atena=3, told="700")], now=_NOW) == {}
        links.link([LinkRow(system="tax", atena=f"{4:015d}", unified="700", news=True)], now=_NOW)
        assert links.number_file("tax", most=9, now=_NOW) is None
        links.enforce(_DAY, most=3, now=_TURN)
        file = links.number_file("tax", most=9, now=_TURN)
        assert file is not None
        assert [(int(row.atena), row.unified) for row in file.rows] == [
            (1, rows[0].unified),
            (2, rows[1].unified),
            (4, "700"),
        ]
        assert [row.since for row in file.rows][:2] == [_DAY, _DAY], "no number counts earlier"
        assert links.mark_numbers(file.id, now=_TURN)
        _enforce(links)
        links.link([replace(row, since=_DAY) for row in rows], now=_TURN)
        assert links.number_file("tax", most=9, now=_TURN) is None

    def test_a_life_that_a_held_number_tells_is_seen_on_the_day(self, links: LinkStore) -> None:
        """What a row without the number tells of a known person is seen at once; of who is only held, nothing is."""
        only = _held(links, "y", atena=2)
        links.hold_rows([_held(links, "x", told="700"), only], now=_NOW)

        def event(person: str, day: int, *, by_number: bool) -> LifeEvent:
            since = date(2026, 11, day)
            return LifeEvent(
                unified=person, system="tax", atena="1", event=LinkEvent.MOVED_OUT, since=since, recorded_at=_NOW,
                by_number=by_number,
            )  # fmt: skip

        hidden, both, open_ = (event("700", day, by_number=True) for day in (1, 2, 3))
        theirs = event(only.unified, 4, by_number=False)
        links.hold_events([hidden, both, replace(open_, by_number=False), theirs, event("701", 5, by_number=True)])
        links.hold_events([replace(both, by_number=False), replace(open_, by_number=True), hidden])
        persons = ["700", only.unified, "701"]
        assert {who: list(each) for who, each in links.life_events(persons).items()} == {
            "700": [both, open_],
            "701": [event("701", 5, by_number=True)],
        }
        assert list(links.held_events(persons)["700"]) == [hidden, both, open_]
        assert list(links.held_events(persons)[only.unified]) == [theirs]
        _enforce(links)
        assert links.life_events(persons) == links.held_events(persons)
        with pytest.raises(StoreError) as caught:
            links.hold_events([hidden])
        assert caught.value.fault.code == "IDN-013"

    def test_a_link_that_a_held_number_alone_makes_is_held(self, links: LinkStore) -> None:
        """Also to a person who is known: whoever saw it would know of the number; a contradiction of it waits too."""
        links.hold_rows([_held(links, "x", told="700"), _held(links, "z", told="702", atena=3)], now=_NOW)
        row = replace(_held(links, "x", atena=2, told="700"), by_number=True)
        other = replace(_held(links, "z", atena=2, told="702"), by_number=True)
        assert links.hold_rows([row], now=_NOW) == {}
        assert links.hold_rows([other], now=_NOW) == {0: Conflict.LINK}
        assert links.periods("tax", row.atena) == []
        assert links.conflicts(undecided=False) == []
        assert [period.unified for period in links.held_periods("tax", row.atena)] == ["700"]
        assert [(each.system, each.atena) for each in links.held_persons_links("700")] == [("tax", row.atena)]
        assert (links.held_blind("700"), links.held_blind("703")) == (row.blind, None)
        assert set(links.resolve("tax", [f"{n:015d}" for n in (1, 2, 3)]).values()) == {"700", "702"}
        assert links.end_held("tax", row.atena, note=_NOTE, now=_NOW)
        (ended,) = links.held_periods("tax", row.atena)
        assert (ended.ended_at, ended.cause, ended.note) == (_NOW, "ended", _NOTE)
        links.hold_rows([row], now=_NOW)
        _enforce(links)
        assert links.held_blind("700") is None
        assert [each.atena for each in links.persons_links("700")] == [f"{n:015d}" for n in (1, 2)]
        assert [conflict.kind for conflict in links.conflicts()] == [Conflict.LINK]
