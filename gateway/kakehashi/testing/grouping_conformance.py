"""What every LinkStore promises about groups of record matching. Subclass it with a fixture `links`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.matches import NewReview

__all__ = ["GroupingConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))


def _row(system: str, atena: int, unified: str = "") -> LinkRow:
    return LinkRow(system=system, atena=f"{atena:015}", unified=unified)


class GroupingConformance:
    def test_a_group_gets_one_number_and_keeps_it(self, links: LinkStore) -> None:
        """Groups of one are persons too; who names the number joins, once and again."""
        groups = [[_row("registry", 1), _row("tax", 2)], [_row("tax", 3)]]
        first = links.group(groups, prefix="9", now=_NOW)
        assert len(set(first)) == 2
        assert links.group([[_row("tax", 2, first[0]), _row("care", 4, first[0])]], prefix="9", now=_NOW) == first[:1]
        assert links.group([[_row("care", 5, first[1])]], prefix="", now=_NOW) == first[1:]
        assert [(row.system, int(row.atena)) for row in links.persons_links(first[0])] == [
            ("care", 4), ("registry", 1), ("tax", 2),
        ]  # fmt: skip
        assert links.resolve("care", [f"{5:015}"]) == {f"{5:015}": first[1]}

    def test_a_group_of_which_somebody_has_a_part_is_left_alone(self, links: LinkStore) -> None:
        """Nothing is linked, nothing frozen; and a number that somebody has is not issued."""
        one, other = links.group([[_row("tax", 1)], [_row("care", 2)]], prefix="9", now=_NOW)
        assert links.group([[_row("tax", 1), _row("care", 2), _row("pension", 3)]], prefix="9", now=_NOW) == [""]
        assert links.group([[_row("tax", 1, other)]], prefix="9", now=_NOW) == [""]
        assert links.resolve("pension", [f"{3:015}"]) == {}
        assert not links.conflicts()
        assert {one, other}.isdisjoint(links.group([[_row("pension", 3)]], prefix="9", now=_NOW))

    def test_a_number_in_two_groups_of_one_call_is_the_first_ones(self, links: LinkStore) -> None:
        first, second = links.group([[_row("tax", 1)], [_row("tax", 1), _row("care", 2)]], prefix="9", now=_NOW)
        assert first
        assert not second
        assert links.resolve("care", [f"{2:015}"]) == {}
        assert not links.conflicts()

    def test_many_who_group_at_once_make_one_person(self, links: LinkStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(
                pool.map(lambda _: links.group([[_row("tax", 1), _row("care", 2)]], prefix="9", now=_NOW), range(20))
            )
        assert len({number for (number,) in made} - {""}) == 1

    def test_a_question_names_all_of_whom_it_is_asked(self, links: LinkStore) -> None:
        """Asked again with one more, it is the same question."""
        members = (("tax", f"{1:015}"), ("care", f"{2:015}"))
        for some in (members[:1], members):
            asked = NewReview(
                claim=b"c", system="tax", atena=f"{1:015}", unified="9", differ=("birth:month",), members=some
            )
            links.ask([asked], now=_NOW)
        (review,) = links.reviews()
        assert review.what.members == members
        assert links.review(review.id) == review
        assert links.review(review.id + 1) is None
