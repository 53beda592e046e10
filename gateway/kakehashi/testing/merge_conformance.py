"""What every LinkStore promises about unified numbers that are one person's. Subclass it with a fixture `links`."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from kakehashi.domain.link import LifeEvent, LinkEvent, Note
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.matches import NewReview
from kakehashi.ports.merges import Merge, Unmergeable
from kakehashi.ports.sealer import Sealed

__all__ = ["MergeConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
_LATER = _NOW + timedelta(days=3)
_NOTE = Note("clerk", "one person")
_KEPT, _RETIRED = f"{101:015}", f"{102:015}"


def _row(system: str, atena: int, unified: str, number: bytes | None = None, *, news: bool = False) -> LinkRow:
    sealed = None if number is None else Sealed("k", b"sealed for " + unified.encode())
    return LinkRow(
        system=system, atena=f"{atena:015}", unified=unified, blind=number, number=sealed, news=news,
        since=date(2026, 6, 1),
    )  # fmt: skip


def _bound(sealed: Sealed, old: str, new: str) -> Sealed:
    assert sealed.body.endswith(old.encode())
    return Sealed(sealed.key_id, b"sealed for " + new.encode())


def _merged(links: LinkStore, kept: str = _KEPT, retired: str = _RETIRED) -> Merge | Unmergeable:
    return links.merge(kept, retired, renumber=_bound, note=_NOTE, now=_LATER)


class MergeConformance:
    def test_what_stood_for_one_number_stands_for_the_other(self, links: LinkStore) -> None:
        """From today on; the history says for whom it stood before, and why it does not any more."""
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED), _row("care", 3, _RETIRED)], now=_NOW)
        assert links.mergeable(_KEPT, _RETIRED) is None
        made = _merged(links)
        assert isinstance(made, Merge)
        assert _merged(links) == made
        assert links.merges() == [made]
        assert links.merged_links(made.id) == [("care", f"{2:015}"), ("care", f"{3:015}")]
        assert [row.atena[-1] for row in links.persons_links(_KEPT)] == ["2", "3", "1"]
        assert links.persons_links(_RETIRED) == []
        first, second = links.periods("care", f"{2:015}")
        assert (first.unified, first.until, first.cause, first.note) == (_RETIRED, date(2026, 7, 4), "merged", _NOTE)
        assert (second.unified, second.since, second.recorded_at) == (_KEPT, date(2026, 7, 4), _LATER)
        assert links.group([[_row("pension", 9, "")]], prefix="9", now=_LATER) != [_RETIRED]
        assert links.link([_row("pension", 8, _RETIRED)], now=_LATER)

    def test_the_individual_number_goes_with_the_person(self, links: LinkStore) -> None:
        """Bound to the number that stays; who brings it later is that person. With two of them, nothing is merged."""
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED, b"k:b")], now=_NOW)
        assert isinstance(_merged(links), Merge)
        sealed = links.sealed_number(_KEPT)
        assert sealed is not None
        assert sealed.body == b"sealed for " + _KEPT.encode()
        assert links.sealed_number(_RETIRED) is None
        assert links.owners([b"k:b"]) == {b"k:b": _KEPT}
        links.link([_row("care", 5, f"{105:015}", b"k:c")], now=_NOW)
        assert _merged(links, retired=f"{105:015}") is Unmergeable.NUMBERS
        assert links.resolve("care", [f"{5:015}"]) == {f"{5:015}": f"{105:015}"}

    def test_a_merge_is_undone(self, links: LinkStore) -> None:
        """Links and number go back, with history; what was linked since stays, and the same merge may be made again."""
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED, b"k:b")], now=_NOW)
        made = _merged(links)
        assert isinstance(made, Merge)
        links.link([_row("pension", 7, _KEPT)], now=_LATER)
        last = _LATER + timedelta(days=1)
        note = Note("clerk", "two after all")
        undone = links.unmerge(made.id, renumber=_bound, note=note, now=last)
        assert isinstance(undone, Merge)
        assert (undone.undone, undone.undone_at) == (note, last)
        assert links.unmerge(made.id, renumber=_bound, note=note, now=last) == undone
        assert links.unmerge(99, renumber=_bound, note=note, now=last) is None
        assert [row.system for row in links.persons_links(_KEPT)] == ["pension", "tax"]
        assert [row.system for row in links.persons_links(_RETIRED)] == ["care"]
        assert [period.cause for period in links.periods("care", f"{2:015}")] == ["merged", "unmerged", ""]
        assert links.owners([b"k:b"]) == {b"k:b": _RETIRED}
        sealed = links.sealed_number(_RETIRED)
        assert sealed is not None
        assert sealed.body == b"sealed for " + _RETIRED.encode()
        assert links.sealed_number(_KEPT) is None
        assert (links.merges(), links.merges(standing=False)) == ([], [undone])
        again = links.merge(_KEPT, _RETIRED, renumber=_bound, note=_NOTE, now=last)
        assert isinstance(again, Merge)
        assert again.id != made.id

    def test_what_cannot_be_merged_says_why(self, links: LinkStore) -> None:
        """The same number, one that nobody has, one about which something is to be decided."""
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED)], now=_NOW)
        assert _merged(links, retired=_KEPT) is Unmergeable.SAME
        assert _merged(links, retired=f"{999:015}") is Unmergeable.UNKNOWN
        assert links.freeze("care", f"{2:015}", evidence=b"e", now=_NOW)
        assert _merged(links) is links.mergeable(_KEPT, _RETIRED) is Unmergeable.FROZEN
        (drift,) = links.conflicts()
        assert links.decide(drift.id, take=False, note=_NOTE, now=_NOW)
        assert isinstance(_merged(links), Merge)
        assert _merged(links, _RETIRED, _KEPT) is Unmergeable.UNKNOWN

    def test_events_and_questions_go_with_the_person(self, links: LinkStore) -> None:
        """What befell the person is told of the number that stays; whether the two are one is answered."""
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED), _row("pension", 3, f"{103:015}")], now=_NOW)
        event = LifeEvent(
            unified=_RETIRED, system="care", atena=f"{2:015}", event=LinkEvent.DIED, since=date(2026, 6, 2),
            recorded_at=_NOW,
        )  # fmt: skip
        links.note_events([event])
        links.ask(
            [
                NewReview(claim=claim, system=system, atena=f"{atena:015}", unified=unified, differ=(),
                          members=((system, f"{atena:015}"),))
                for claim, system, atena, unified in (
                    (b"m", "care", 2, _KEPT), (b"o", "welfare", 9, _RETIRED), (b"x", "welfare", 8, f"{103:015}"),
                )
            ],
            now=_NOW,
        )  # fmt: skip
        made = _merged(links)
        assert isinstance(made, Merge)
        assert [e.event for e in links.life_events([_KEPT])[_KEPT]] == [LinkEvent.DIED]
        assert links.verdicts([b"m", b"o", b"x"]) == {b"m": "link"}
        assert [review.what.unified for review in links.reviews()] == [_KEPT, f"{103:015}"]
        links.unmerge(made.id, renumber=_bound, note=_NOTE, now=_LATER)
        assert [e.event for e in links.life_events([_RETIRED])[_RETIRED]] == [LinkEvent.DIED]
        assert not links.life_events([_KEPT]).get(_KEPT)

    def test_who_was_told_the_number_is_told_the_other(self, links: LinkStore) -> None:
        links.link([_row("tax", 1, _KEPT), _row("care", 2, _RETIRED, news=True), _row("care", 3, _RETIRED)], now=_NOW)
        first = links.number_file("care", most=10, now=_NOW)
        assert first is not None
        links.mark_numbers(first.id, now=_NOW)
        _merged(links)
        second = links.number_file("care", most=10, now=_LATER)
        assert second is not None
        assert [(row.atena, row.unified) for row in second.rows] == [(f"{2:015}", _KEPT)]
