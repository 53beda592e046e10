"""What every LinkStore promises. Subclass `LinkConformance` with a fixture `links`: a new, empty link store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Conflict, Note
from kakehashi.errors import StoreError, StoreUnavailable
from kakehashi.ports.links import LinkRow, LinkStore, SealedNumber
from kakehashi.ports.sealer import Sealed
from kakehashi.testing.grouping_conformance import GroupingConformance
from kakehashi.testing.held_conformance import HeldConformance
from kakehashi.testing.life_conformance import LifeConformance
from kakehashi.testing.match_conformance import MatchConformance
from kakehashi.testing.merge_conformance import MergeConformance
from kakehashi.testing.notice_conformance import NoticeConformance
from kakehashi.testing.return_conformance import ReturnConformance

__all__ = ["LinkConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=JST)


_DAY = date(2026, 7, 1)
_NOTE = Note("tester", "asked at the counter")


def _row(
    atena: int,
    unified: int,
    *,
    system: str = "tax",
    number: str | None = None,
    since: date = _DAY,
    changed: bool = False,
) -> LinkRow:
    return LinkRow(
        system=system,
        atena=f"{atena:015d}",
        unified=f"{unified:015d}",
        blind=None if number is None else f"blind {number}".encode(),
        number=None if number is None else Sealed("k1", f"sealed {number}".encode()),
        since=since,
        changed=changed,
    )


def _resolved(links: LinkStore, *atena: int, system: str = "tax") -> dict[int, int]:
    found = links.resolve(system, [f"{number:015d}" for number in atena])
    return {int(number): int(unified) for number, unified in found.items()}


class LinkConformance(
    MatchConformance,
    GroupingConformance,
    MergeConformance,
    HeldConformance,
    LifeConformance,
    ReturnConformance,
    NoticeConformance,
):
    requests = 200
    """How many ask at once for a number."""

    def test_a_linked_number_resolves_in_its_system(self, links: LinkStore) -> None:
        """A whole batch in one look-up; unlinked numbers and other systems' are absent from the answer."""
        assert links.link([_row(1, 101), _row(2, 102), _row(1, 201, system="welfare")], now=_NOW) == {}
        asked = [f"{number:015d}" for number in (1, 2, 3, 1)]
        assert dict(links.resolve("tax", asked)) == {f"{1:015d}": f"{101:015d}", f"{2:015d}": f"{102:015d}"}
        assert dict(links.resolve("welfare", asked)) == {f"{1:015d}": f"{201:015d}"}
        assert dict(links.resolve("registry", asked)) == dict(links.resolve("tax", [])) == {}

    def test_many_numbers_resolve_at_once(self, links: LinkStore) -> None:
        """More numbers than a statement takes parameters."""
        rows = [_row(number, number + 100_000) for number in range(3000)]
        assert links.link(iter(rows), now=_NOW) == {}
        found = links.resolve("tax", [f"{number:015d}" for number in range(40_000)])
        assert len(found) == 3000
        assert found[rows[-1].atena] == rows[-1].unified

    def test_linking_again_confirms(self, links: LinkStore) -> None:
        """The same extract twice changes nothing and conflicts with nothing, though its numbers are sealed anew."""
        rows = [_row(1, 101, number="x"), _row(2, 102)]
        for _ in range(2):
            assert links.link(rows, now=_NOW) == {}
        sealed_anew = LinkRow(
            system="tax", atena=rows[0].atena, unified=rows[0].unified, blind=rows[0].blind, number=Sealed("k2", b"new")
        )
        assert links.link([sealed_anew], now=_NOW) == {}
        assert list(links.links("tax")) == rows

    def test_a_linked_number_never_moves_to_another_person(self, links: LinkStore) -> None:
        """A row that says so is named by its position; the others of the call are linked."""
        links.link([_row(1, 101)], now=_NOW)
        conflicts = links.link([_row(5, 105), _row(1, 999), _row(6, 106), _row(5, 999)], now=_NOW)
        assert conflicts == {1: Conflict.LINK, 3: Conflict.LINK}
        assert list(links.links("tax")) == [_row(1, 101), _row(5, 105), _row(6, 106)]

    def test_one_individual_number_is_one_person(self, links: LinkStore) -> None:
        """A blind index of another person conflicts, as does a second blind index for one person."""
        links.link([_row(1, 101, number="x")], now=_NOW)
        conflicting = [_row(2, 102, number="x"), _row(3, 101, number="y"), _row(4, 104, number="z")]
        conflicts = links.link([*conflicting, _row(5, 105, number="z")], now=_NOW)
        assert conflicts == {0: Conflict.NUMBER, 1: Conflict.NUMBER, 3: Conflict.NUMBER}
        assert [row.atena for row in links.links("tax")] == [f"{1:015d}", f"{4:015d}"]

    def test_one_person_has_numbers_in_many_systems(self, links: LinkStore) -> None:
        """The individual number belongs to the person: a link from another system carries it as well."""
        links.link([_row(1, 101, number="x"), _row(9, 101, system="welfare")], now=_NOW)
        assert links.link([_row(8, 101, system="registry", number="x")], now=_NOW) == {}
        (row,) = links.links("welfare")
        assert (row.blind, row.number) == (b"blind x", Sealed("k1", b"sealed x"))

    def test_a_link_is_completed_by_a_number(self, links: LinkStore) -> None:
        """A person linked without an individual number gets it with a later row."""
        links.link([_row(1, 101)], now=_NOW)
        assert links.link([_row(1, 101, number="x")], now=_NOW) == {}
        assert list(links.links("tax")) == [_row(1, 101, number="x")]

    def test_both_sides_of_a_conflict_are_frozen(self, links: LinkStore) -> None:
        """Nobody of them resolves any more, in any system, nor by a link that comes later; others do."""
        links.link([_row(1, 101), _row(2, 102), _row(3, 103), _row(9, 102, system="welfare")], now=_NOW)
        links.link([_row(1, 102)], now=_NOW)
        assert _resolved(links, 1, 2, 3) == {3: 103}
        assert _resolved(links, 9, system="welfare") == {}
        links.link([_row(4, 101), _row(5, 105)], now=_NOW)
        assert _resolved(links, 4, 5) == {5: 105}
        assert set(links.unresolved("tax", [f"{n:015d}" for n in (1, 2, 4, 77)])) == {f"{n:015d}" for n in (1, 2, 4)}
        assert [(row.linked, row.frozen) for row in links.coverage()] == [(5, 3), (1, 1)]

    def test_a_contradiction_is_recorded_once(self, links: LinkStore) -> None:
        """A batch that comes again, or a file sent anew, makes no second conflict; after "keep" it freezes nobody."""
        links.link([_row(1, 101)], now=_NOW)
        for _ in range(2):
            assert links.link([_row(1, 102)], now=_NOW) == {0: Conflict.LINK}
        (conflict,) = links.conflicts()
        assert (conflict.kind, conflict.known, conflict.code) == (Conflict.LINK, f"{101:015d}", "IDN-003")
        assert conflict.row == _row(1, 102)
        assert links.decide(conflict.id, take=False, note=_NOTE, now=_NOW)
        assert links.link([_row(1, 102)], now=_NOW) == {0: Conflict.LINK}
        assert _resolved(links, 1) == {1: 101}
        assert links.conflicts() == []

    def test_contradictions_are_counted_without_effect(self, links: LinkStore) -> None:
        """How many rows of a file would be refused is known before anything of it counts."""
        links.link([_row(1, 101, number="x"), _row(2, 102)], now=_NOW)
        rows = [_row(1, 102), _row(2, 102), _row(3, 103, number="x"), _row(4, 104), _row(4, 101)]
        assert links.contradictions(rows, now=_NOW) == 3
        assert links.conflicts() == []
        assert _resolved(links, 1, 2, 3, 4) == {1: 101, 2: 102}

    def test_a_decision_is_kept_with_its_reason(self, links: LinkStore) -> None:
        """Who, why and when stay with the conflict; it is decided once."""
        links.link([_row(1, 101), _row(1, 102)], now=_NOW)
        (conflict,) = links.conflicts()
        later = _NOW + timedelta(hours=1)
        assert links.decide(conflict.id, take=True, note=_NOTE, now=later)
        assert not links.decide(conflict.id, take=False, note=_NOTE, now=later)
        assert not links.decide(conflict.id + 1, take=False, note=_NOTE, now=later)
        (decided,) = links.conflicts(undecided=False)
        assert (decided.decision, decided.decided_at, decided.note) == ("take", later, _NOTE)
        assert _resolved(links, 1) == {1: 102}
        before, after = links.periods("tax", f"{1:015d}")
        assert (before.unified, before.cause, before.note) == (f"{101:015d}", "conflict", _NOTE)
        assert after.unified == f"{102:015d}"

    def test_a_person_thaws_with_the_last_conflict(self, links: LinkStore) -> None:
        """Whoever is a side of two conflicts stays frozen until both are decided."""
        links.link([_row(1, 101), _row(2, 102), _row(3, 103)], now=_NOW)
        links.link([_row(1, 102), _row(3, 102)], now=_NOW)
        first, second = links.conflicts()
        links.decide(first.id, take=False, note=_NOTE, now=_NOW)
        assert _resolved(links, 1, 2, 3) == {1: 101}
        links.decide(second.id, take=False, note=_NOTE, now=_NOW)
        assert _resolved(links, 1, 2, 3) == {1: 101, 2: 102, 3: 103}

    def test_a_disputed_individual_number_goes_to_whom_it_belongs(self, links: LinkStore) -> None:
        """Taken: the row's person has it and its link, the other one has it no longer, not even in the past."""
        links.link([_row(1, 101, number="x"), _row(2, 102, number="x")], now=_NOW)
        (conflict,) = links.conflicts()
        assert links.decide(conflict.id, take=True, note=_NOTE, now=_NOW)
        assert _resolved(links, 1, 2) == {1: 101, 2: 102}
        assert [row.blind for row in links.links("tax")] == [None, b"blind x"]
        assert links.assign([[b"blind x"]], prefix="9", now=_NOW) == [f"{102:015d}"]
        assert links.link([_row(1, 101, number="y"), _row(8, 101, number="x")], now=_NOW) == {1: Conflict.NUMBER}

    def test_a_changed_individual_number_is_history(self, links: LinkStore) -> None:
        """Declared as changed, it takes the place of the old one, which stays the person's for ever."""
        links.link([_row(1, 101, number="x")], now=_NOW)
        changed = _row(1, 101, number="y", since=_DAY + timedelta(days=9), changed=True)
        later = _NOW + timedelta(days=10)
        assert links.link([changed], now=later) == {}
        assert [row.blind for row in links.links("tax")] == [b"blind y"]
        old, new = links.number_periods(f"{101:015d}")
        assert (old.since, old.until, old.ended_at, old.cause) == (_DAY, changed.since, later, "changed")
        assert (new.since, new.until, new.recorded_at) == (changed.since, None, later)
        assert links.link([_row(1, 101, number="x")], now=later) == {}, "an older extract changes nothing"
        assert [row.blind for row in links.links("tax")] == [b"blind y"]
        assert links.link([_row(2, 102, number="x")], now=later) == {0: Conflict.NUMBER}
        again = _row(1, 101, number="x", since=_DAY + timedelta(days=20), changed=True)
        assert links.link([again], now=later) == {0: Conflict.NUMBER}, "never back to an old one"

    def test_history_tells_what_was_so_and_when_it_was_known(self, links: LinkStore) -> None:
        """Bitemporal: an end that was recorded late does not change what was known before."""
        links.link([_row(1, 101, since=_DAY)], now=_NOW)
        late = _NOW + timedelta(days=30)
        assert links.end("tax", f"{1:015d}", since=_DAY + timedelta(days=10), note=_NOTE, now=late)
        assert not links.end("tax", f"{1:015d}", since=_DAY, note=_NOTE, now=late)
        links.link([_row(1, 102, since=_DAY + timedelta(days=10))], now=late)

        def person(day: int, known: datetime) -> list[int]:
            periods = links.periods("tax", f"{1:015d}")
            return [int(p.unified) for p in periods if p.holds(_DAY + timedelta(days=day), known=known)]

        assert person(20, _NOW + timedelta(days=20)) == [101]
        assert person(20, late) == [102]
        assert person(5, late) == [101]
        assert person(-1, late) == person(5, _NOW - timedelta(days=1)) == []

    def test_a_released_number_is_never_given_again(self, links: LinkStore) -> None:
        """Its links end; a row that gives it to somebody else conflicts, its own 個人番号 brings it back."""
        links.link([_row(1, 101, number="x"), _row(9, 101, system="welfare")], now=_NOW)
        assert links.release(f"{101:015d}", since=_DAY, note=_NOTE, now=_NOW)
        assert not links.release(f"{999:015d}", since=_DAY, note=_NOTE, now=_NOW)
        assert _resolved(links, 1) == _resolved(links, 9, system="welfare") == {}
        assert links.link([_row(2, 101), _row(3, 101, number="y")], now=_NOW) == {
            0: Conflict.RELEASED,
            1: Conflict.RELEASED,
        }
        assert {row.code for row in links.conflicts()} == {"IDN-011"}
        for row in links.conflicts():
            links.decide(row.id, take=False, note=_NOTE, now=_NOW)
        assert links.assign([[b"blind x"]], prefix="9", now=_NOW) == [f"{101:015d}"]
        assert links.link([_row(1, 101, number="x")], now=_NOW) == {}
        assert _resolved(links, 1) == {1: 101}

    def test_a_number_is_issued_once_for_an_individual_number(self, links: LinkStore) -> None:
        """The same one whenever it is asked for, with a check digit, passing over what is in use."""
        first, second, again = links.assign([[b"a"], [b"b"], [b"a"]], prefix="77", now=_NOW)
        assert first == again != second
        assert (first[:14], second[:14]) == ("77000000000001", "77000000000002")
        third = UnifiedAtenaNumber.issued("77", 3)
        links.link([replace(_row(1, 1), unified=third)], now=_NOW)
        assert links.assign([[b"c"], [b"new digest", b"a"]], prefix="77", now=_NOW) == [
            UnifiedAtenaNumber.issued("77", 4),
            first,
        ]

    def test_an_issued_number_is_completed_by_its_row(self, links: LinkStore) -> None:
        """The row brings the sealed 個人番号 that the number was issued for."""
        (number,) = links.assign([[b"blind x"]], prefix="9", now=_NOW)
        row = replace(_row(1, 1, number="x"), unified=number)
        assert links.link([row], now=_NOW) == {}
        assert list(links.links("tax")) == [row]

    def test_what_was_met_unlinked_is_reported_until_it_is_linked(self, links: LinkStore) -> None:
        """By system, with the oldest."""
        links.link([_row(1, 101)], now=_NOW)
        later = _NOW + timedelta(days=1)
        links.met_unlinked("tax", [f"{n:015d}" for n in (7, 8, 8)], now=_NOW)
        links.met_unlinked("tax", [f"{7:015d}"], now=later)
        links.met_unlinked("care", [f"{1:015d}"], now=later)
        care, tax = links.coverage()
        assert (care.system, care.linked, care.unlinked, care.oldest_unlinked) == ("care", 0, 1, later)
        assert (tax.system, tax.linked, tax.unlinked, tax.oldest_unlinked) == ("tax", 1, 2, _NOW)
        links.link([_row(7, 107)], now=later)
        links.met_unlinked("tax", ["~name", "~other"], now=later)
        links.met_linked([("tax", "~name"), ("care", "~other")])
        assert list(links.unlinked("tax")) == [f"{8:015d}", "~other"]
        links.met_linked([("tax", "~other")])
        assert links.coverage()[1].unlinked == 1

    def test_a_drifting_link_is_frozen_alone(self, links: LinkStore) -> None:
        """The person's other links go on; kept, it goes on too; taken, it ends."""
        links.link([_row(1, 101), _row(2, 101), _row(3, 103)], now=_NOW)
        assert links.freeze("tax", f"{1:015d}", evidence=b"e", now=_NOW)
        assert not links.freeze("tax", f"{9:015d}", evidence=b"e", now=_NOW)
        assert _resolved(links, 1, 2, 3) == {2: 101, 3: 103}
        links.link([_row(3, 101)], now=_NOW)
        drift, other = links.conflicts()
        links.decide(other.id, take=False, note=_NOTE, now=_NOW)
        assert _resolved(links, 1, 2, 3) == {2: 101, 3: 103}, "another decision does not thaw it"
        links.decide(drift.id, take=False, note=_NOTE, now=_NOW)
        links.freeze("tax", f"{1:015d}", evidence=b"e", now=_NOW)
        assert _resolved(links, 1) == {1: 101}
        links.freeze("tax", f"{1:015d}", evidence=b"other", now=_NOW)
        links.decide(links.conflicts()[0].id, take=True, note=_NOTE, now=_NOW)
        assert [p.cause for p in links.periods("tax", f"{1:015d}")] == ["drift"]

    def test_looks_are_audited(self, links: LinkStore) -> None:
        """Who looked at which link, when and why."""
        links.looked("tax", f"{1:015d}", note=_NOTE, now=_NOW)
        assert links.looks("tax", f"{1:015d}") == [(_NOW, _NOTE)]
        assert links.looks("tax", f"{2:015d}") == []

    def test_numbers_come_under_a_new_key_in_portions(self, links: LinkStore) -> None:
        """Current ones, former ones and disputed ones; what is done is not done again; digests are found as before."""
        rows = [_row(n, 100 + n, number=str(n)) for n in range(1, 4)]
        links.link([*rows, _row(1, 101, number="1b", since=_DAY + timedelta(days=1), changed=True)], now=_NOW)
        links.link([_row(2, 102, number="3")], now=_NOW)

        def renew(number: SealedNumber) -> tuple[Sealed, bytes]:
            plain = number.sealed.body.removeprefix(b"sealed ")
            return Sealed("k2", b"anew " + plain), b"new:" + number.blind.removeprefix(b"blind ")

        done = []
        assert links.sealed_number("0") is None
        while count := links.reseal(renew, current="k2", prefix=b"new:", most=2):
            done.append(count)
        assert done == [2, 2, 1]
        assert [(row.number, row.blind) for row in links.links("tax")] == [
            (Sealed("k2", b"anew " + n), b"new:" + n) for n in (b"1b", b"2", b"3")
        ]
        assert links.assign([[b"new:1"]], prefix="9", now=_NOW) == [f"{101:015d}"]
        row = replace(_row(3, 103, number="3"), blind=b"newer:3", older=(b"new:3",))
        links.reseal(renew, current="k2", prefix=b"newer:", most=0)
        assert links.link([row], now=_NOW) == {}, "a digest under a key that is being replaced is known"
        assert [each.blind for each in links.links("tax")][2] == b"newer:3"

    def test_a_process_with_an_older_digest_key_is_refused(self, links: LinkStore) -> None:
        """It could not find a person who stands under the newer one, and would give a second number."""
        links.link([_row(1, 101, number="1")], now=_NOW)
        assert links.reseal(lambda n: (n.sealed, b"new:1"), current="k1", prefix=b"new:", most=9) == 1
        for call in (
            lambda: links.assign([[b"blind 1"]], prefix="9", now=_NOW),
            lambda: links.link([_row(2, 102, number="1")], now=_NOW),
        ):
            with pytest.raises(StoreError) as caught:
                call()
            assert caught.value.fault.code == "SEC-005"
        assert links.assign([[b"new:1", b"blind 1"]], prefix="9", now=_NOW) == [f"{101:015d}"]

    @pytest.mark.parametrize("people", [1, 7])
    def test_many_who_ask_at_once_get_one_number_each(self, links: LinkStore, people: int) -> None:
        """However many ask for the same person: one number, and no two persons share one."""
        asked = [f"person {n % people}".encode() for n in range(self.requests)]
        with ThreadPoolExecutor(16) as pool:
            got = list(pool.map(lambda blind: links.assign([[blind]], prefix="8", now=_NOW)[0], asked))
        assert len(set(got)) == len(set(zip(asked, got, strict=True))) == people

    def test_a_closed_store_is_unavailable(self, links: LinkStore) -> None:
        """After closing, every call says so in the store's own words."""
        links.close()
        with pytest.raises(StoreUnavailable):
            links.resolve("tax", ["1"])
        with pytest.raises(StoreUnavailable):
            links.link([_row(1, 101)], now=_NOW)
