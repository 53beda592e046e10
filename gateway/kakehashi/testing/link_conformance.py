"""What every LinkStore promises. Subclass `LinkConformance` with a fixture `links`: a new, empty link store."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from kakehashi.errors import StoreUnavailable
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.sealer import Sealed

__all__ = ["LinkConformance"]

_NOW = datetime(2026, 7, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))


def _row(atena: int, unified: int, *, system: str = "tax", number: str | None = None) -> LinkRow:
    return LinkRow(
        system=system,
        atena=f"{atena:015d}",
        unified=f"{unified:015d}",
        blind=None if number is None else f"blind {number}".encode(),
        number=None if number is None else Sealed("k1", f"sealed {number}".encode()),
    )


class LinkConformance:
    def test_a_linked_number_resolves_in_its_system(self, links: LinkStore) -> None:
        """A whole batch in one look-up; unlinked numbers and other systems' are absent from the answer."""
        assert links.link([_row(1, 101), _row(2, 102), _row(1, 201, system="welfare")], now=_NOW) == []
        asked = [f"{number:015d}" for number in (1, 2, 3, 1)]
        assert dict(links.resolve("tax", asked)) == {f"{1:015d}": f"{101:015d}", f"{2:015d}": f"{102:015d}"}
        assert dict(links.resolve("welfare", asked)) == {f"{1:015d}": f"{201:015d}"}
        assert dict(links.resolve("registry", asked)) == dict(links.resolve("tax", [])) == {}

    def test_many_numbers_resolve_at_once(self, links: LinkStore) -> None:
        """More numbers than a statement takes parameters."""
        rows = [_row(number, number + 100_000) for number in range(3000)]
        assert links.link(iter(rows), now=_NOW) == []
        found = links.resolve("tax", [f"{number:015d}" for number in range(40_000)])
        assert len(found) == 3000
        assert found[rows[-1].atena] == rows[-1].unified

    def test_linking_again_confirms(self, links: LinkStore) -> None:
        """The same extract twice changes nothing and conflicts with nothing, though its numbers are sealed anew."""
        rows = [_row(1, 101, number="x"), _row(2, 102)]
        for _ in range(2):
            assert links.link(rows, now=_NOW) == []
        sealed_anew = LinkRow(
            system="tax", atena=rows[0].atena, unified=rows[0].unified, blind=rows[0].blind, number=Sealed("k2", b"new")
        )
        assert links.link([sealed_anew], now=_NOW) == []
        assert list(links.links("tax")) == rows

    def test_a_linked_number_never_moves_to_another_person(self, links: LinkStore) -> None:
        """A row that says so is named by its position; the others of the call are linked."""
        links.link([_row(1, 101)], now=_NOW)
        assert links.link([_row(5, 105), _row(1, 999), _row(6, 106), _row(5, 999)], now=_NOW) == [1, 3]
        assert list(links.links("tax")) == [_row(1, 101), _row(5, 105), _row(6, 106)]

    def test_one_individual_number_is_one_person(self, links: LinkStore) -> None:
        """A blind index of another person conflicts, as does a second blind index for one person."""
        links.link([_row(1, 101, number="x")], now=_NOW)
        conflicting = [_row(2, 102, number="x"), _row(3, 101, number="y"), _row(4, 104, number="z")]
        assert links.link([*conflicting, _row(5, 105, number="z")], now=_NOW) == [0, 1, 3]
        assert [row.atena for row in links.links("tax")] == [f"{1:015d}", f"{4:015d}"]

    def test_one_person_has_numbers_in_many_systems(self, links: LinkStore) -> None:
        """The individual number belongs to the person: a link from another system carries it as well."""
        links.link([_row(1, 101, number="x"), _row(9, 101, system="welfare")], now=_NOW)
        assert links.link([_row(8, 101, system="registry", number="x")], now=_NOW) == []
        (row,) = links.links("welfare")
        assert (row.blind, row.number) == (b"blind x", Sealed("k1", b"sealed x"))

    def test_a_link_is_completed_by_a_number(self, links: LinkStore) -> None:
        """A person linked without an individual number gets it with a later row."""
        links.link([_row(1, 101)], now=_NOW)
        assert links.link([_row(1, 101, number="x")], now=_NOW) == []
        assert list(links.links("tax")) == [_row(1, 101, number="x")]

    def test_a_closed_store_is_unavailable(self, links: LinkStore) -> None:
        """After closing, every call says so in the store's own words."""
        links.close()
        with pytest.raises(StoreUnavailable):
            links.resolve("tax", ["1"])
        with pytest.raises(StoreUnavailable):
            links.link([_row(1, 101)], now=_NOW)
