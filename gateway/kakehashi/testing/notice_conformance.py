"""What NoticeBook promises; a part of the link store's suite: the fixture `links` is a new, empty link store."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from itertools import count

from kakehashi.domain.link import LinkEvent, Note
from kakehashi.domain.notice import DESCRIBED, Disclosure, Subscriber
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.merges import Merge
from kakehashi.ports.notices import PersonChange
from kakehashi.ports.sealer import Sealed

__all__ = ["NoticeConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
_LATER = _NOW + timedelta(days=1)
_DAY = date(2026, 6, 30)
_NOTE = Note("tester", "asked at the counter")
_TAX = Subscriber(system="tax", numbers="tax")
_WELFARE = Subscriber(system="welfare", numbers="welfare", events=frozenset({"died", "released"}))
_BATCHES = count(1)


def _link(links: LinkStore, *pairs: tuple[str, int, int]) -> None:
    rows = [LinkRow(system=system, atena=f"{a:015d}", unified=f"{u:015d}", since=_DAY) for system, a, u in pairs]
    links.link(rows, now=_NOW)


def _change(
    person: int,
    event: LinkEvent = LinkEvent.LINKED,
    *,
    described: str = "as before",
    since: date | None = _DAY,
    disclosure: Disclosure | None = Disclosure.OPEN,
) -> PersonChange:
    return PersonChange(
        unified=f"{person:015d}",
        system="registry",
        atena=f"{900 + person:015d}",
        event=event,
        since=since,
        described=(f"new key {described}".encode(), described.encode()) if described else (),
        disclosure=disclosure,
        seal=lambda: Sealed("k", described.encode()),
    )


def _note(
    links: LinkStore, *changes: PersonChange, batch: int = 0, to: Sequence[Subscriber] = (_TAX,), now: datetime = _NOW
) -> int:
    return links.note_changes(changes, batch=batch or next(_BATCHES), subscribers=to, now=now)


def _told(links: LinkStore, system: str = "tax", *, most: int = 100) -> list[tuple[int, str]] | None:
    """Number and event of what the next file holds; it is marked as written."""
    file = links.notice_file(system, most=most, now=_NOW)
    if file is None:
        return None
    assert links.mark_notices(file.id, now=_NOW)
    assert [row.no for row in file.rows] == sorted(row.no for row in file.rows)
    return [(int(row.atena), row.event) for row in file.rows]


class NoticeConformance:
    def test_news_is_told_once_however_often_the_registry_says_it(self, links: LinkStore) -> None:
        """The extract of every night says all of it again; a new description, a new event and another disclosure are
        news, the old ones are not.
        """
        _link(links, ("tax", 1, 1))
        for _ in range(2):
            assert _note(links, _change(1), _change(2)) in (1, 0)
        assert _told(links) == [(1, LinkEvent.LINKED)]
        moved = _change(1, LinkEvent.MOVED_OUT, since=date(2026, 7, 1))
        assert _note(links, _change(1, described="moved"), moved) == 2
        assert _note(links, moved, _change(1)) == 0
        assert _note(links, _change(1, disclosure=Disclosure.WITHHELD), _change(1, disclosure=None)) == 1
        assert _told(links) == [(1, DESCRIBED), (1, LinkEvent.MOVED_OUT), (1, DESCRIBED)]
        assert _told(links) is None

    def test_a_description_under_an_older_key_is_no_news(self, links: LinkStore) -> None:
        """Digests of all keys come with the row; from then on the newest counts."""
        _link(links, ("tax", 1, 1))
        old, new = b"old key: a", b"new key: a"
        assert _note(links, _with(old)) == 1
        assert _note(links, _with(new, old)) == 0
        assert _note(links, _with(new)) == 0
        assert _note(links, _with(b"new key: b", b"old key: b")) == 1

    def test_a_batch_counts_once(self, links: LinkStore) -> None:
        """Two addresses in one batch, one after the other: repeated after a crash, it tells neither again."""
        _link(links, ("tax", 1, 1))
        rows = (_change(1, described="first"), _change(1, described="second"))
        assert _note(links, *rows, batch=10**6) == 2
        assert _note(links, *rows, batch=10**6) == 0
        assert _note(links, _change(1, described="second")) == 0

    def test_each_subscriber_is_told_what_it_wants_under_its_own_numbers(self, links: LinkStore) -> None:
        """Two numbers of one person in one system: both; a person without a number there: nothing."""
        _link(links, ("tax", 1, 1), ("tax", 2, 1), ("welfare", 5, 1), ("registry", 901, 1))
        shared = Subscriber(system="housing", numbers="registry")
        died = _change(1, LinkEvent.DIED)
        assert _note(links, _change(1), died, _change(3, LinkEvent.DIED), to=(_TAX, _WELFARE, shared)) == 7
        assert _told(links) == [(1, "linked"), (2, "linked"), (1, "died"), (2, "died")]
        assert _told(links, "welfare") == [(5, "died")]
        assert _told(links, "housing") == [(901, "linked"), (901, "died")]

    def test_an_end_is_told_to_those_for_whom_the_number_stood(self, links: LinkStore) -> None:
        """Also when the batch is repeated after it was carried out; not those that ended long before."""
        _link(links, ("tax", 1, 1), ("tax", 2, 1), ("welfare", 5, 1))
        links.end("tax", f"{2:015d}", since=date(2026, 1, 1), note=_NOTE, now=_NOW)
        day = date(2026, 7, 1)
        links.release(f"{1:015d}", since=day, note=_NOTE, now=_NOW)
        assert _note(links, _change(1, LinkEvent.RELEASED, since=day, described=""), to=(_TAX, _WELFARE)) == 2
        assert _told(links) == [(1, "released")]
        assert _told(links, "welfare") == [(5, "released")]

    def test_what_was_to_be_told_before_an_end_is_told(self, links: LinkStore) -> None:
        """The number stands for nobody else; one that a decision took away was a mistake, and is void."""
        _link(links, ("tax", 1, 1), ("tax", 2, 2))
        _note(links, _change(1, LinkEvent.DIED), _change(2, LinkEvent.DIED))
        links.end("tax", f"{1:015d}", since=date(2026, 7, 1), note=_NOTE, now=_NOW)
        assert links.freeze("tax", f"{2:015d}", evidence=b"drift", now=_NOW)
        assert links.decide(links.conflicts()[0].id, take=True, note=_NOTE, now=_NOW)
        assert _told(links) == [(1, "died")]
        assert links.behind(["tax"])[0].void == 1

    def test_what_is_still_to_be_told_goes_with_a_merged_person(self, links: LinkStore) -> None:
        """The number stands for the same person under another unified number, and again when the merge is undone."""
        _link(links, ("tax", 1, 1), ("welfare", 5, 2))
        _note(links, _change(2, LinkEvent.DIED), to=(_WELFARE,))
        made = links.merge(f"{1:015d}", f"{2:015d}", renumber=lambda number, _, __: number, note=_NOTE, now=_NOW)
        assert isinstance(made, Merge)
        assert links.behind(["welfare"])[0].void == 0
        links.unmerge(made.id, renumber=lambda number, _, __: number, note=_NOTE, now=_LATER)
        assert _told(links, "welfare") == [(5, "died")]

    def test_a_file_stays_what_it_is_until_it_is_marked(self, links: LinkStore) -> None:
        """One system's open file keeps no other from its own."""
        _link(links, ("tax", 1, 1), ("tax", 2, 2), ("welfare", 5, 1))
        _note(links, _change(1), _change(2), _change(1, LinkEvent.DIED), to=(_TAX, _WELFARE))
        first = links.notice_file("tax", most=2, now=_NOW)
        assert first is not None
        _note(links, _change(2, described="another"))
        assert links.notice_file("tax", most=9, now=_LATER) == first
        assert _told(links, "welfare") == [(5, "died")]
        assert links.mark_notices(first.id, now=_NOW)
        assert not links.mark_notices(first.id, now=_NOW)
        second = links.notice_file("tax", most=9, now=_LATER)
        assert second is not None
        assert (second.serial, [row.event for row in second.rows]) == (2, ["died", DESCRIBED])
        assert [row.content for row in second.rows] == [Sealed("k", b"as before"), Sealed("k", b"another")]

    def test_what_is_frozen_waits_and_what_became_anothers_is_void(self, links: LinkStore) -> None:
        """A notice never goes out under a number that stands for somebody else."""
        _link(links, ("tax", 1, 1), ("tax", 2, 2))
        _note(links, _change(1), _change(2))
        _link(links, ("tax", 1, 2))  # contradicts: both sides are frozen
        assert _told(links) is None
        (behind,) = links.behind(["tax"])
        assert (behind.pending, behind.waiting, behind.void, behind.oldest) == (2, 2, 0, None)
        assert links.decide(links.conflicts()[0].id, take=True, note=_NOTE, now=_NOW)
        assert _told(links) == [(2, "linked")]
        (behind,) = links.behind(["tax"])
        assert (behind.pending, behind.waiting, behind.void) == (0, 0, 1)

    def test_of_whom_a_number_is_held_nothing_is_told_before_the_day(self, links: LinkStore) -> None:
        """Not even what befell the person without it; on the day all of it is, in order. It is no delay meanwhile."""
        _link(links, ("tax", 1, 1))
        number = LinkRow(
            system="tax", atena=f"{1:015d}", unified=f"{1:015d}", blind=b"digest", number=Sealed("k", b"sealed")
        )
        assert links.hold_rows([number], now=_NOW) == {}
        _note(links, _change(1, LinkEvent.MOVED_OUT), _change(1, LinkEvent.DIED))
        assert _told(links) is None
        assert [(each.pending, each.waiting, each.oldest) for each in links.behind(["tax"])] == [(2, 2, None)]
        while links.enforce(_LATER.date(), most=9, now=_LATER).ended_at is None:
            pass
        assert _told(links) == [(1, "moved-out"), (1, "died")]

    def test_nothing_is_disclosed_that_was_not_open_or_is_not_any_more(self, links: LinkStore) -> None:
        """Unknown is not open."""
        _link(links, ("tax", 1, 1), ("tax", 2, 2), ("tax", 3, 3), ("tax", 4, 4))
        _note(links, _change(1), _change(2), _change(3, disclosure=Disclosure.WITHHELD), _change(4, disclosure=None))
        assert _note(links, _change(2, disclosure=Disclosure.WITHHELD), _change(3), to=()) == 0
        file = links.notice_file("tax", most=9, now=_NOW)
        assert file is not None
        assert [row.disclosure.value for row in file.rows] == ["open", "withheld", "withheld", "unknown"]
        assert links.disclosures([f"{person:015d}" for person in range(1, 6)]) == {
            f"{1:015d}": Disclosure.OPEN,
            f"{2:015d}": Disclosure.WITHHELD,
            f"{3:015d}": Disclosure.OPEN,
        }

    def test_the_books_say_who_has_had_what_and_who_is_behind(self, links: LinkStore) -> None:
        """Made, written, taken; a system without a notice is not behind."""
        _link(links, ("tax", 1, 1))
        _note(links, _change(1))
        (behind,) = links.behind(["tax"])
        assert (behind.pending, behind.unwritten, behind.untaken, behind.oldest) == (1, 0, 0, _NOW)
        file = links.notice_file("tax", most=9, now=_LATER)
        assert file is not None
        assert links.behind(["tax"])[0].oldest == _LATER
        assert links.mark_notices(file.id, now=_LATER)
        (line,) = links.untaken("tax")
        assert (line.serial, line.records, line.written_at, line.taken_at) == (1, 1, _LATER, None)
        assert links.behind(["tax"])[0].untaken == 1
        links.mark_taken([line.id], now=_LATER)
        assert links.untaken("tax") == []
        assert [each.oldest for each in links.behind(["tax", "welfare"])] == [None, None]
        assert links.notice_lines("tax")[0].taken_at == _LATER
        ((row, told_in),) = links.persons_notices("tax", f"{1:015d}")
        assert (row.event, row.content, told_in and told_in.serial) == ("linked", None, 1)

    def test_a_file_is_written_again_while_its_contents_are_kept(self, links: LinkStore) -> None:
        """What one system has not had is kept for it, whoever else has."""
        _link(links, ("tax", 1, 1), ("welfare", 5, 1))
        _note(links, _change(1, LinkEvent.DIED), to=(_TAX, _WELFARE))
        assert _told(links) == [(1, "died")]
        assert links.forget_notices(before=_LATER) == 0
        assert links.write_again("tax", 1, note=_NOTE)
        assert not links.write_again("tax", 1, note=_NOTE)
        assert links.notice_lines("tax")[0].note == _NOTE
        assert _told(links) == [(1, "died")]
        assert _told(links, "welfare") == [(5, "died")]
        assert links.forget_notices(before=_NOW) == 0
        assert links.forget_notices(before=_LATER) == 1
        assert links.forget_notices(before=_LATER) == 0
        assert not links.write_again("tax", 1, note=_NOTE)
        assert not links.write_again("tax", 2, note=_NOTE)

    def test_what_the_server_asked_is_kept(self, links: LinkStore) -> None:
        """By person, newest first, with the code of the answer."""
        for number, code in enumerate(("0000", "4010", "0000")):
            links.note_answer(f"request {number}", f"{number % 2:015d}", code, now=_NOW)
        assert [(each.request_id, each.code) for each in links.answers(f"{0:015d}")] == [
            ("request 2", "0000"),
            ("request 0", "0000"),
        ]
        assert [each.at for each in links.answers(f"{0:015d}", most=1)] == [_NOW]
        assert links.answers(f"{5:015d}") == []

    def test_many_who_ask_at_once_get_one_file(self, links: LinkStore) -> None:
        """Two schedulers make no two of the same notices."""
        _link(links, *(("tax", n, n) for n in range(1, 601)))
        _note(links, *(_change(n) for n in range(1, 601)))
        with ThreadPoolExecutor(4) as pool:
            files = list(pool.map(lambda _: links.notice_file("tax", most=600, now=_NOW), range(8)))
        assert len({file.id for file in files if file is not None}) == 1
        assert _told(links) == [(n, "linked") for n in range(1, 601)]
        assert _told(links) is None


def _with(*digests: bytes) -> PersonChange:
    return PersonChange(
        unified=f"{1:015d}", system="registry", atena="1", event=LinkEvent.LINKED, since=_DAY, described=digests
    )
