"""The registry's extract that links the numbers of all three systems: CP932, 64 bytes a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from kakehashi_simulators.legacy.numbers import seeded_numbers, wrong_number
from kakehashi_simulators.legacy.town import EXTRA, Flaw, Town

__all__ = ["FLAWS", "LANE", "write_extract"]

LANE = "registry-persons"
SIZE = 64
_CHUNK = 2000
FLAWS = (
    Flaw(kind="wrong check digit", code="IDN-002", text="check"),
    Flaw(kind="number of another person", code="IDN-003", text="taken"),
    Flaw(kind="number of wrong form", code="DEC-005", found="個人番号", text="form"),
    Flaw(kind="not a number", code="DEC-005", found="宛名番号", at=9, raw=b"A00000000000001"),
)
"""About links of persons who stand in no other file, so that nothing else is refused because of them."""


def write_extract(
    path: Path, *, town: Town, links: Iterable[tuple[str, int]], records: int, flaws: Mapping[int, Flaw] | None = None
) -> None:
    """Links of (system, person), `records` of them. The number that is "taken" is that of the first link's person."""
    flaws = flaws or {}
    with path.open("wb") as out:
        out.write(b"1ATENA-LINK  20260701".ljust(SIZE))
        rows = _rows(town, links, flaws)
        while chunk := b"".join(islice(rows, _CHUNK)):
            out.write(chunk)
        out.write((b"8%08d" % records).ljust(SIZE))
        out.write(b"9".ljust(SIZE))


def _rows(town: Town, links: Iterable[tuple[str, int]], flaws: Mapping[int, Flaw]) -> Iterator[bytes]:
    numbers = _Numbers(town.seed)
    taken = ""
    for position, (system, person) in enumerate(links, start=1):
        number = numbers.of(person)
        taken = taken or number
        flaw = flaws.get(position)
        if flaw is None:
            yield _row(town, system, person, number)
        elif flaw.raw:
            yield flaw.patch(_row(town, system, person, number))
        else:
            spoilt = {"check": wrong_number(number), "taken": taken, "form": f"{number[:11]} "}[flaw.text]
            yield _row(town, system, person, spoilt)


def _row(town: Town, system: str, person: int, number: str) -> bytes:
    return f"2{system:<8}{town.atena(system, person)}{town.people.unified(person)}{number}20260630     ".encode()


class _Numbers:
    """The 個人番号 of each person, drawn once in the order in which persons are first asked for."""

    def __init__(self, seed: int) -> None:
        self._ordinary = seeded_numbers(seed, EXTRA)
        self._extra = seeded_numbers(seed + 2, EXTRA)
        self._known: dict[int, str] = {}

    def of(self, person: int) -> str:
        if person not in self._known:
            self._known[person] = next(self._extra if person >= EXTRA else self._ordinary)
        return self._known[person]
