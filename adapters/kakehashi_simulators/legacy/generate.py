"""Writes everything that the three systems drop in one run, and says what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from kakehashi_simulators.legacy import assistance, extract, household, inquiry, tax
from kakehashi_simulators.legacy.manifest import Manifest
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.legacy.writing import SMALL, Writing

__all__ = ["LANES", "generate"]

_TAX, _ASSISTANCE, _INQUIRIES, _MEMBERS = 1200, 600, 300, 900
_HOUSES = 52
"""Persons of twenty households: each fault needs one of its own."""
_EXTRACT = "ATENA0001.DAT"


def generate(
    folder: Path,
    *,
    seed: int,
    scale: float = 1.0,
    faults: bool = True,
    lanes: Collection[str] | None = None,
    numbers: Mapping[str, str] | None = None,
) -> Manifest:
    """The files of `lanes` (None: all five) under `folder`/LANE/. The same arguments give the same bytes.

    `scale` 1 is a few thousand records; 1000 makes 1,200,000 tax records. Without `faults` all is good. The registry
    extract links exactly the persons of the lanes that are written, and comes first. `numbers`: systems that use
    the 宛名番号 of another one.
    """
    wanted = LANES if lanes is None else lanes
    writing = Writing(folder, Town(seed, numbers or {}), scale, faults)
    links: dict[str, int] = {}
    for lane, (system, write) in _WRITERS.items():
        if lane in wanted:
            links[system] = max(links.get(system, 0), write(writing))
    if extract.LANE in wanted:
        _extract(writing, links)
    ordered = sorted(writing.samples, key=lambda sample: sample.lane != extract.LANE)
    town = writing.town
    return Manifest(seed=seed, samples=tuple(ordered), planted=tuple(town.planted), server_persons=town.server_persons)


def _tax(writing: Writing) -> int:
    lane, town, records = tax.LANE, writing.town, writing.size(_TAX)
    path, flaws = writing.main(lane, "LEVY0001.DAT", records, tax.FLAWS)
    tax.write_tax(path, town=town, first=0, records=records, flaws=flaws)
    if writing.faults:
        held = writing.held(lane, "LEVY0002.DAT", kind="wrong count in the trailer", code="DEC-010")
        tax.write_tax(held, town=town, first=100, records=SMALL, miscount=1)
        held = writing.held(lane, "LEVY0003.DAT", kind="wrong control total", code="DEC-011")
        tax.write_tax(held, town=town, first=200, records=SMALL, missum=-1000)
        held = writing.held(lane, "LEVY0004.DAT", kind="trailer missing", code="DEC-012")
        tax.write_tax(held, town=town, first=300, records=SMALL, trailer=False)
        writing.duplicate(lane, "LEVY0005.DAT", path)
        held = writing.held(lane, "LEVY0006.DAT", kind="cut off in a record", code="DEC-012", records=7)
        tax.write_tax(held, town=town, first=400, records=8, trailer=False, cut=277)
        held = writing.held(lane, "LEVY0007.DAT", kind="bytes behind the end", code="DEC-014")
        tax.write_tax(held, town=town, first=500, records=SMALL, cut=-17)
    return records


def _assistance(writing: Writing) -> int:
    lane, town, records = assistance.LANE, writing.town, writing.size(_ASSISTANCE)
    path, flaws = writing.main(lane, "ASSIST0001.XML", records, assistance.FLAWS)
    assistance.write_assistance(path, town=town, first=0, records=records, flaws=flaws)
    if writing.faults:
        held = writing.held(lane, "ASSIST0002.XML", kind="XML cut off", code="DEC-015", records=SMALL - 1)
        assistance.write_assistance(held, town=town, first=100, records=SMALL, closed=False)
        held = writing.held(lane, "ASSIST0003.XML", kind="document type declaration", code="DEC-016", records=0)
        assistance.write_assistance(held, town=town, first=200, records=SMALL, doctype='<!DOCTYPE x [<!ENTITY y "z">]>')
    return records


def _inquiries(writing: Writing) -> int:
    """About other persons than the register of assistance holds."""
    first, records = writing.size(_ASSISTANCE), writing.size(_INQUIRIES)
    path, flaws = writing.main(inquiry.LANE, "P640R110_20260701093000_0001.DAT", records, inquiry.FLAWS)
    inquiry.write_inquiries(path, town=writing.town, first=first, records=records, flaws=flaws)
    if writing.faults:
        name, first, records = "P640R110_20260701093000_0002.DAT", first + records, SMALL
        writing.planted(inquiry.LANE, name, records, {records: inquiry.CUT})
        path = writing.path(inquiry.LANE, name)
        inquiry.write_inquiries(path, town=writing.town, first=first, records=records, cut=40)
    return first + records


def _households(writing: Writing) -> int:
    lane, town, records = household.LANE, writing.town, max(writing.size(_MEMBERS), _HOUSES)
    flaws = household.chosen(town, records, household.FLAWS if writing.faults else ())
    writing.planted(lane, "SETAI0001", records, {**household.waiting(town, records, flaws), **flaws})
    path = writing.path(lane, "SETAI0001")
    household.write_households(path, town=town, first=0, records=records, flaws=flaws)
    if writing.faults:
        held = writing.held(lane, "SETAI0002", kind="header missing", code="DEC-013")
        household.write_households(held, town=town, first=0, records=SMALL, header=False)
        held = writing.held(lane, "SETAI0003", kind="member without household", code="DEC-014")
        household.write_households(held, town=town, first=0, records=SMALL, group=False)
        held = writing.held(lane, "SETAI0004", kind="trailer missing", code="DEC-012")
        household.write_households(held, town=town, first=26, records=SMALL, trailer=False)
    return records


_WRITERS: Mapping[str, tuple[str, Callable[[Writing], int]]] = {
    tax.LANE: ("tax", _tax),
    assistance.LANE: ("welfare", _assistance),
    inquiry.LANE: ("welfare", _inquiries),
    household.LANE: ("registry", _households),
}
"""Lane → (whose numbers, what writes its files and tells how many ordinary persons need a link)."""
LANES = frozenset({extract.LANE, *_WRITERS})


def _extract(writing: Writing, persons: Mapping[str, int]) -> None:
    """Last to be written, because only now all persons are known."""
    town = writing.town
    spoilt = extract.FLAWS if writing.faults else ()
    extras = [("tax", town.extra()), *town.extras] if writing.faults else []
    records = len(extras) + len(spoilt) + sum(persons.values())
    chosen = town.choose(extract.LANE, records - len(extras), spoilt)
    flaws = {number + len(extras): flaw for number, flaw in chosen.items()}
    writing.planted(extract.LANE, _EXTRACT, records, flaws)
    links = _links(town, extras, persons, flaws)
    extract.write_extract(writing.path(extract.LANE, _EXTRACT), town=town, links=links, records=records, flaws=flaws)


def _links(
    town: Town, extras: Sequence[tuple[str, int]], persons: Mapping[str, int], flaws: Collection[int]
) -> Iterator[tuple[str, int]]:
    """The extras, then everybody of each system; at the numbers of `flaws` a person of their own."""
    yield from extras
    number = len(extras) + 1
    for system, count in persons.items():
        for person in range(count):
            while number in flaws:
                yield system, town.extra()
                number += 1
            yield system, person
            number += 1
    for _ in range(sum(flaw >= number for flaw in flaws)):
        yield "registry", town.extra()
