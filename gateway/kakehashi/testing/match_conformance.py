"""What every MatchStore promises; a part of the link store's suite: the fixture `links` is a new, empty link store."""

from __future__ import annotations

from datetime import datetime, timedelta

from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Note
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.matches import HeldForm, NewReview, Reference
from kakehashi.ports.sealer import Sealed

__all__ = ["MatchConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=JST)
_NOTE = Note("tester", "compared on the screen")


def _reference(unified: int, form: bytes = b"f", sealed: Sealed | None = None) -> Reference:
    return Reference(unified=f"{unified:015d}", form=form, digest_id="d", sealed=sealed)


def _held(atena: int, unified: int, *, system: str = "tax") -> HeldForm:
    return HeldForm(
        system=system, atena=f"{atena:015d}", unified=f"{unified:015d}", form=b"h", digest_id="d", reference=None
    )


def _review(claim: bytes, batch_id: int = 1) -> NewReview:
    return NewReview(
        claim=claim, system="tax", atena="1", unified="2", differ=("name",), batch_id=batch_id, record_no=7
    )


class MatchConformance:
    def test_a_person_is_described_as_the_registry_did_last(self, links: LinkStore) -> None:
        """One description a person; the persons of whom nothing is known are absent."""
        links.describe([_reference(1), _reference(2, sealed=Sealed("k", b"s"))], now=_NOW)
        links.describe([_reference(1, b"moved")], now=_NOW)
        found = links.references([f"{n:015d}" for n in (1, 2, 3)])
        assert dict(found) == {
            f"{1:015d}": _reference(1, b"moved"),
            f"{2:015d}": _reference(2, sealed=Sealed("k", b"s")),
        }

    def test_what_systems_hold_is_read_with_what_the_registry_says(self, links: LinkStore) -> None:
        """By system and number, many of them; not where the link was frozen, ended, or is another person's."""
        numbers = range(1, 1203)
        links.link(
            [LinkRow(system="tax", atena=f"{n:015d}", unified=f"{n + 5000:015d}") for n in (*numbers, 5001, 5002)],
            now=_NOW,
        )
        links.link([LinkRow(system="care", atena=f"{1:015d}", unified=f"{6:015d}")], now=_NOW)
        links.hold([_held(n, n + 5000) for n in (*numbers, 5001, 5002)], now=_NOW)
        links.hold([_held(1, 6, system="care"), _held(7777, 1)], now=_NOW)
        links.freeze("tax", f"{5001:015d}", evidence=b"e", now=_NOW)
        links.end("tax", f"{5002:015d}", since=_NOW.date(), note=_NOTE, now=_NOW)
        links.describe([_reference(6)], now=_NOW)
        found = list(links.held())
        assert [(each.system, int(each.atena)) for each in found] == [("care", 1), *(("tax", n) for n in numbers)]
        assert [each.reference for each in found[:2]] == [_reference(6), None]
        assert [each.system for each in links.held("care")] == ["care"]

    def test_a_claim_is_asked_about_once(self, links: LinkStore) -> None:
        """A record that comes again waits for the same decision, and is the one that is found then."""
        assert links.ask([_review(b"a"), _review(b"b"), _review(b"a")], now=_NOW) == 2
        assert links.ask([_review(b"a", batch_id=9)], now=_NOW) == 0
        first, second = links.reviews()
        assert (first.what.claim, first.what.batch_id, first.what.differ) == (b"a", 9, ("name",))
        assert (second.what, second.recorded_at) == (_review(b"b"), _NOW)

    def test_a_claim_is_decided_once_with_a_reason(self, links: LinkStore) -> None:
        """Who, why and when stay; the decision answers the same claim from then on."""
        links.ask([_review(b"a"), _review(b"b"), _review(b"c")], now=_NOW)
        first, second, third = links.reviews()
        assert links.answer(first.id, link=True, note=_NOTE, now=_NOW) is not None
        answered = links.answer(second.id, link=False, note=_NOTE, now=_NOW)
        assert answered is not None
        assert (answered.decision, answered.note, answered.decided_at) == ("refuse", _NOTE, _NOW)
        assert links.answer(second.id, link=True, note=_NOTE, now=_NOW) is None
        assert dict(links.verdicts([b"a", b"b", b"c", b"d"])) == {b"a": "link", b"b": "refuse"}
        assert [row.id for row in links.reviews()] == [third.id]
        assert len(links.reviews(undecided=False)) == 3

    def test_when_all_was_compared_is_known(self, links: LinkStore) -> None:
        """The last time; none before the first."""
        assert links.compared_at() is None
        for moment in (_NOW, _NOW + timedelta(days=7)):
            links.compared(moment)
            assert links.compared_at() == moment
