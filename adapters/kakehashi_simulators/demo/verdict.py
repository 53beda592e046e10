"""Does the summary add up, were the planted faults found, each once, and do the server's books agree?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kakehashi.domain.batch import FileState, RecordState
from kakehashi.ports.ledger import LaneCounts
from kakehashi.ports.store import Store
from kakehashi_simulators.legacy import Manifest, Planted

__all__ = ["Verdict", "judge"]

_Finding = tuple[str, int | None, str, str | None]
"""File name, record (None: the file), code, item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`problems` is empty when everything is as it must be."""

    counts: tuple[LaneCounts, ...]
    planted: int
    found: int
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class _Judge:
    problems: list[str] = field(default_factory=list)

    def demand(self, truth: bool, problem: str) -> None:  # noqa: FBT001  # a judge's word
        if not truth:
            self.problems.append(problem)


def judge(store: Store, manifest: Manifest, *, twice: int, refused_files: Counter[str]) -> Verdict:
    """Compare the ledger with the manifest and with the server's account.

    `twice`: effects that the server applied more than once. `refused_files`: names of the files that intake refused.
    """
    court = _Judge()
    counts = tuple(store.counts())
    for lane in counts:
        court.demand(
            lane.adds_up,
            f"{lane.lane}: received {lane.received} is not {lane.accepted} + {lane.refused} + {lane.waiting}",
        )
    received = sum(lane.received for lane in counts)
    accepted = sum(lane.accepted for lane in counts)
    court.demand(received == manifest.records, f"received {received} records, dropped {manifest.records}")
    court.demand(accepted == manifest.good, f"accepted {accepted} records, {manifest.good} are good")
    found = Counter(_findings(store)) + Counter((name, None, "REF-001", None) for name in refused_files.elements())
    planted = Counter(_expected(fault) for fault in manifest.planted)
    for finding, number in (planted - found).items():
        court.demand(number == 0, f"not found: {_said(finding)}")
    for finding, number in (found - planted).items():
        court.demand(number == 0, f"not planted: {_said(finding)}")
    court.demand(twice == 0, f"the server applied {twice} records twice")
    return Verdict(
        counts=counts,
        planted=planted.total(),
        found=(planted & found).total(),
        problems=tuple(court.problems),
    )


def _expected(fault: Planted) -> _Finding:
    return fault.file, fault.record, fault.code, fault.item


def _findings(store: Store) -> Iterator[_Finding]:
    names = {file.id: file.name for file in store.files(most=1_000_000)}
    states = (RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED)
    for row in store.exceptions(states=states, most=1_000_000):
        yield names[row.file_id], row.record_no, row.code, row.item
    for file in store.files(state=FileState.HELD, most=1_000_000):
        yield file.name, None, file.code or "", None


def _said(finding: _Finding) -> str:
    file, record, code, item = finding
    where = f" record {record}" if record is not None else ""
    return f"{code} in {Path(file).name}{where}{f' item {item}' if item else ''}"
