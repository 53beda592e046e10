"""What NumberReturns promises; a part of the link store's suite: the fixture `links` is a new, empty link store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Note
from kakehashi.ports.links import LinkRow, LinkStore

__all__ = ["ReturnConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=JST)
_DAY = date(2026, 6, 30)
_NOTE = Note("tester", "asked at the counter")


def _row(atena: int, unified: int, *, news: bool = True, system: str = "registry") -> LinkRow:
    return LinkRow(system=system, atena=f"{atena:015d}", unified=f"{unified:015d}", since=_DAY, news=news)


def _told(links: LinkStore, *, most: int = 100, system: str = "registry") -> list[tuple[int, int]] | None:
    """What the next file holds; it is marked as returned."""
    file = links.number_file(system, most=most, now=_NOW)
    if file is None:
        return None
    assert links.mark_numbers(file.id, now=_NOW)
    assert {row.since for row in file.rows} == {_DAY}
    return [(int(row.atena), int(row.unified)) for row in file.rows]


class ReturnConformance:
    def test_a_number_is_told_once(self, links: LinkStore) -> None:
        """In files of a bounded size, in order; an extract that comes every night tells nothing twice."""
        rows = [_row(n, 100 + n) for n in range(1, 6)]
        for _ in range(3):
            links.link([*rows, _row(9, 109, news=False), _row(1, 101, system="tax")], now=_NOW)
        assert _told(links, most=3) == [(1, 101), (2, 102), (3, 103)]
        assert _told(links, most=3) == [(4, 104), (5, 105)]
        links.link(rows, now=_NOW)
        assert _told(links) is None
        assert _told(links, system="tax") == [(1, 101)]

    def test_a_file_stays_what_it_is_until_it_is_marked(self, links: LinkStore) -> None:
        """Whoever asks gets the same one, whatever comes or ends meanwhile; marked twice, the second says so."""
        links.link([_row(1, 101), _row(2, 102)], now=_NOW)
        first = links.number_file("registry", most=1, now=_NOW)
        assert first is not None
        links.end("registry", f"{1:015d}", since=_DAY, note=_NOTE, now=_NOW)
        links.link([_row(3, 103)], now=_NOW)
        assert links.number_file("registry", most=9, now=_NOW + timedelta(days=1)) == first
        assert links.mark_numbers(first.id, now=_NOW)
        assert not links.mark_numbers(first.id, now=_NOW)
        assert _told(links) == [(2, 102), (3, 103)]

    def test_what_is_frozen_or_gone_is_not_told(self, links: LinkStore) -> None:
        """A frozen one is when it is thawed; one whose link ended before is never."""
        links.link([_row(1, 101), _row(2, 102), _row(3, 103), _row(1, 102)], now=_NOW)
        links.end("registry", f"{3:015d}", since=_DAY, note=_NOTE, now=_NOW)
        assert _told(links) is None
        (conflict,) = links.conflicts()
        assert links.decide(conflict.id, take=False, note=_NOTE, now=_NOW)
        assert _told(links) == [(1, 101), (2, 102)]

    def test_a_number_that_stands_for_somebody_else_now_is_told_again(self, links: LinkStore) -> None:
        """Also by an operator's decision, and also when it comes back to the first."""
        links.link([_row(1, 101), _row(2, 102)], now=_NOW)
        assert _told(links) == [(1, 101), (2, 102)]
        links.link([_row(1, 102)], now=_NOW)
        assert links.decide(links.conflicts()[0].id, take=True, note=_NOTE, now=_NOW)
        assert _told(links) == [(1, 102)]
        links.end("registry", f"{1:015d}", since=_DAY, note=_NOTE, now=_NOW)
        links.link([_row(1, 101)], now=_NOW)
        assert _told(links) == [(1, 101)]

    def test_many_who_ask_at_once_get_one_file(self, links: LinkStore) -> None:
        """Two schedulers make no two of the same numbers."""
        links.link([_row(n, 1000 + n) for n in range(1, 701)], now=_NOW)
        with ThreadPoolExecutor(4) as pool:
            files = list(pool.map(lambda _: links.number_file("registry", most=700, now=_NOW), range(8)))
        assert {file.id for file in files if file is not None} == {files[0].id if files[0] else 0}
        assert _told(links) == [(n, 1000 + n) for n in range(1, 701)]
        assert _told(links) is None
