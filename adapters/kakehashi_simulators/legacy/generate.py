"""Writes everything that the three systems drop in one run, and says what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kakehashi_simulators.legacy import assistance, extract, household, inquiry, tax
from kakehashi_simulators.legacy.manifest import Manifest, Sample, State
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["generate"]

_TAX, _ASSISTANCE, _INQUIRIES, _MEMBERS = 1200, 600, 300, 900
_SMALL = 13
"""Records of a file that is wrong as a whole."""


@dataclass(slots=True)
class _Writer:
    """Collects samples in the order in which they must be dropped."""

    folder: Path
    town: Town
    samples: list[Sample] = field(default_factory=list)

    def path(self, lane: str, name: str) -> Path:
        folder = self.folder / lane
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def spoilt(self, lane: str, name: str, records: int, flaws: Sequence[Flaw]) -> tuple[Path, dict[int, Flaw]]:
        """A file that goes through, with some records that do not."""
        chosen = self.town.choose(lane, records, flaws)
        self.town.plant(name, chosen)
        path = self.path(lane, name)
        self.samples.append(Sample(lane=lane, name=name, path=path, records=records, good=records - len(chosen)))
        return path, chosen

    def held(
        self, lane: str, name: str, *, kind: str, code: str, item: str | None = None, records: int = _SMALL
    ) -> Path:
        """A file that waits as a whole."""
        return self._whole(lane, name, kind=kind, code=code, item=item, state="held", records=records)

    def duplicate(self, lane: str, name: str, original: Path) -> None:
        """The same bytes under another name."""
        path = self._whole(
            lane, name, kind="duplicate content", code="REF-001", item=None, state="duplicate", records=0
        )
        path.write_bytes(original.read_bytes())

    def _whole(
        self, lane: str, name: str, *, kind: str, code: str, item: str | None, state: State, records: int
    ) -> Path:
        self.town.plant_file(name, kind, code, item=item, state=state)
        path = self.path(lane, name)
        self.samples.append(Sample(lane=lane, name=name, path=path, records=records, good=0))
        return path


def generate(folder: Path, *, seed: int, scale: float = 1.0, faults: bool = True) -> Manifest:
    """The files of all five lanes under `folder`/LANE/. Same seed and scale: the same bytes.

    `scale` 1 is a few thousand records; 800 writes a tax file of about a million. Without `faults` all is good.
    """
    writer = _Writer(folder, Town(seed))
    size = _scaled(scale)
    files: tuple[Callable[[_Writer, Callable[[int], int], bool], None], ...] = (
        _tax_files, _assistance_files, _inquiry_files, _household_files,
    )  # fmt: skip
    for write in files:
        write(writer, size, faults)
    _extract_file(writer, size, faults)
    ordered = sorted(writer.samples, key=lambda sample: sample.lane != extract.LANE)
    return Manifest(seed=seed, samples=tuple(ordered), planted=tuple(writer.town.planted),
                    server_persons=writer.town.server_persons)  # fmt: skip


def _scaled(scale: float) -> Callable[[int], int]:
    return lambda records: max(30, round(records * scale))


def _tax_files(writer: _Writer, size: Callable[[int], int], faults: bool) -> None:  # noqa: FBT001  # one switch for all
    lane, town = tax.LANE, writer.town
    path, flaws = writer.spoilt(lane, "LEVY0001.DAT", size(_TAX), tax.FLAWS if faults else ())
    tax.write_tax(path, town=town, first=0, records=size(_TAX), flaws=flaws)
    if not faults:
        return
    held = writer.held(lane, "LEVY0002.DAT", kind="wrong count in the trailer", code="DEC-010", item="件数")
    tax.write_tax(held, town=town, first=100, records=_SMALL, miscount=1)
    held = writer.held(
        lane, "LEVY0003.DAT", kind="wrong control total in the trailer", code="DEC-011", item="年税額合計"
    )
    tax.write_tax(held, town=town, first=200, records=_SMALL, missum=-1000)
    held = writer.held(lane, "LEVY0004.DAT", kind="trailer missing", code="DEC-012")
    tax.write_tax(held, town=town, first=300, records=_SMALL, trailer=False)
    writer.duplicate(lane, "LEVY0005.DAT", path)


def _assistance_files(writer: _Writer, size: Callable[[int], int], faults: bool) -> None:  # noqa: FBT001  # as above
    lane, town = assistance.LANE, writer.town
    path, flaws = writer.spoilt(lane, "ASSIST0001.XML", size(_ASSISTANCE), assistance.FLAWS if faults else ())
    assistance.write_assistance(path, town=town, first=0, records=size(_ASSISTANCE), flaws=flaws)
    if not faults:
        return
    held = writer.held(lane, "ASSIST0002.XML", kind="XML cut off", code="DEC-015", records=_SMALL - 1)
    assistance.write_assistance(held, town=town, first=100, records=_SMALL, closed=False)


def _inquiry_files(writer: _Writer, size: Callable[[int], int], faults: bool) -> None:  # noqa: FBT001  # as above
    path, flaws = writer.spoilt(
        inquiry.LANE, "P640R110_20260701093000_0001.DAT", size(_INQUIRIES), inquiry.FLAWS if faults else ()
    )
    inquiry.write_inquiries(path, town=writer.town, first=size(_ASSISTANCE), records=size(_INQUIRIES), flaws=flaws)


def _household_files(writer: _Writer, size: Callable[[int], int], faults: bool) -> None:  # noqa: FBT001  # as above
    lane, town = household.LANE, writer.town
    path, flaws = writer.spoilt(lane, "SETAI0001", size(_MEMBERS), household.FLAWS if faults else ())
    household.write_households(path, town=town, first=0, records=size(_MEMBERS), flaws=flaws)
    if not faults:
        return
    held = writer.held(lane, "SETAI0002", kind="header missing", code="DEC-013")
    household.write_households(held, town=town, first=0, records=_SMALL, header=False)
    held = writer.held(lane, "SETAI0003", kind="member without household", code="DEC-014")
    household.write_households(held, town=town, first=0, records=_SMALL, group=False)
    held = writer.held(lane, "SETAI0004", kind="trailer missing", code="DEC-012")
    household.write_households(held, town=town, first=26, records=_SMALL, trailer=False)


def _extract_file(writer: _Writer, size: Callable[[int], int], faults: bool) -> None:  # noqa: FBT001  # as above
    town = writer.town
    spoilt = extract.FLAWS if faults else ()
    extras = [("tax", town.extra()), *town.extras] if faults else []
    systems = (("tax", size(_TAX)), ("welfare", size(_ASSISTANCE) + size(_INQUIRIES)), ("registry", size(_MEMBERS)))
    records = len(extras) + len(spoilt) + sum(count for _, count in systems)
    flaws = {number + len(extras): flaw for number, flaw in
             town.choose(extract.LANE, records - len(extras), spoilt).items()}  # fmt: skip
    town.plant("ATENA0001.DAT", flaws)
    path = writer.path(extract.LANE, "ATENA0001.DAT")
    writer.samples.append(
        Sample(lane=extract.LANE, name="ATENA0001.DAT", path=path, records=records, good=records - len(flaws))
    )
    links = _links(town, extras, systems, flaws)
    extract.write_extract(path, town=town, links=links, records=records, flaws=flaws)


def _links(
    town: Town, extras: Sequence[tuple[str, int]], systems: Sequence[tuple[str, int]], flaws: dict[int, Flaw]
) -> Iterator[tuple[str, int]]:
    """The extras, then everybody of each system; at the numbers of `flaws` a person of their own."""
    yield from extras
    number = len(extras) + 1
    for system, count in systems:
        for person in range(count):
            while number in flaws:
                yield system, town.extra()
                number += 1
            yield system, person
            number += 1
    for _ in range(sum(flaw >= number for flaw in flaws)):
        yield "registry", town.extra()
