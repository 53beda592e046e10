"""Collects the files of one run: where each goes, how many records it has, what was planted in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kakehashi_simulators.legacy.manifest import Sample, State
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["SMALL", "Writing"]

SMALL = 13
"""Records of a file that is wrong as a whole."""


@dataclass(slots=True)
class Writing:
    """`samples` in the order of writing. Without `faults` nothing is planted."""

    folder: Path
    town: Town
    scale: float
    faults: bool
    samples: list[Sample] = field(default_factory=list)

    def size(self, records: int) -> int:
        return max(30, round(records * self.scale))

    def path(self, lane: str, name: str) -> Path:
        folder = self.folder / lane
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def main(self, lane: str, name: str, records: int, flaws: Sequence[Flaw]) -> tuple[Path, dict[int, Flaw]]:
        """A file that goes through, with some records that do not: (where to write it, flaws by record number)."""
        chosen = self.town.choose(lane, records, flaws if self.faults else ())
        self.planted(lane, name, records, chosen)
        return self.path(lane, name), chosen

    def planted(self, lane: str, name: str, records: int, flaws: dict[int, Flaw]) -> None:
        self.town.plant(name, flaws)
        path = self.path(lane, name)
        self.samples.append(Sample(lane=lane, name=name, path=path, records=records, good=records - len(flaws)))

    def held(self, lane: str, name: str, *, kind: str, code: str, records: int = SMALL) -> Path:
        """A file that waits as a whole."""
        return self._whole(lane, name, kind=kind, code=code, state="held", records=records)

    def duplicate(self, lane: str, name: str, original: Path) -> None:
        """The same bytes under another name: not taken a second time."""
        path = self._whole(lane, name, kind="duplicate content", code="REF-001", state="duplicate", records=0)
        path.write_bytes(original.read_bytes())

    def _whole(self, lane: str, name: str, *, kind: str, code: str, state: State, records: int) -> Path:
        self.town.plant_file(name, kind, code, state=state)
        path = self.path(lane, name)
        self.samples.append(Sample(lane=lane, name=name, path=path, records=records, good=0))
        return path
