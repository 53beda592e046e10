"""What has come of a step, by the gateway's ledger, beside what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kakehashi.domain.batch import FileState, RecordState
from kakehashi.domain.provision import ProvisionState
from kakehashi_simulators.demo.run import GatewayRun
from kakehashi_simulators.legacy import Manifest, Sample
from kakehashi_simulators.rehearsal.script import Expect

__all__ = ["Check", "Found", "checks", "found_of", "planted_of", "waiting_provisions"]

_REFUSED = (RecordState.REFUSED, RecordState.DISCARDED)
_WAITING = (RecordState.WAITING, RecordState.PARKED)


class Check(NamedTuple):
    """One expectation. `expected` and `found` hold counts and codes, never a value of a record."""

    what: str
    expected: str
    found: str
    holds: bool


@dataclass(slots=True)
class Found:
    """Of the files of one step. By code: the server's where the server refused, else ours; files that are held or were
    not taken by theirs.
    """

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    not_returned: int = 0

    def told(self) -> dict[str, object]:
        counts = {"refused": self.refused, "waiting": self.waiting, "held": self.held}
        return {"accepted": self.accepted, **{name: dict(sorted(each.items())) for name, each in counts.items()}}


def found_of(run: GatewayRun, lane: str, names: Sequence[str]) -> Found:
    found, wanted = Found(), set(names)
    for name, times in run.refused_files().items():
        if name in wanted:
            found.held["REF-001"] += times
    for file in run.store.files(lane=lane, most=1_000_000):
        if file.name not in wanted:
            continue
        if file.state is FileState.HELD:
            found.held[file.code or ""] += 1
            continue
        found.not_returned += file.state is not FileState.RETURNED
        for batch in run.store.batches(file.id):
            found.accepted += batch.accepted
            for row in run.store.exceptions_of(batch.id):
                label = row.server_code or row.code
                found.refused[label] += row.state in _REFUSED
                found.waiting[label] += row.state in _WAITING
    found.refused, found.waiting = +found.refused, +found.waiting
    return found


def planted_of(manifest: Manifest, samples: Sequence[Sample], codes: Mapping[str, str]) -> Found:
    """What the samples' own list says that must come of these. `codes`: of the server, ours → theirs."""
    found, names = Found(), {sample.name for sample in samples}
    found.accepted = sum(sample.good for sample in samples)
    for fault in manifest.planted:
        if fault.file not in names:
            continue
        label = codes.get(fault.server_code or "", fault.server_code) or fault.code
        if fault.record is None:
            found.held[label] += 1
        else:
            (found.refused if fault.state == "refused" else found.waiting)[label] += 1
    return found


def checks(expect: Expect, found: Found | None, *, planted: Found | None, provisions: int,
           result: Callable[[str], bytes | None] | None, beside: Path) -> list[Check]:  # fmt: skip
    """Each expectation of the step. `result`: gives one by its name; `beside`: the folder of the script."""
    made: list[Check] = []
    if found is not None:
        told = found.told()
        wanted: dict[str, object] = planted.told() if planted else {}
        said = {"accepted": expect.accepted, "refused": expect.refused, "waiting": expect.waiting, "held": expect.held}
        wanted |= {name: value for name, value in said.items() if value is not None}
        made += [_compared(name, value, told[name]) for name, value in wanted.items()]
    if found is not None and expect.returned is not None:
        made.append(_compared("returned", expect.returned, found.not_returned == 0))
    if expect.result:
        came = result(expect.result) if result else None
        made.append(_same_bytes(beside / expect.result, came))
    if expect.provisions is not None:
        made.append(_compared("provisions", expect.provisions, provisions))
    return made


def waiting_provisions(run: GatewayRun) -> int:
    """Inquiries of other bodies that wait for our decision."""
    states = (ProvisionState.PENDING, ProvisionState.PROPOSED)
    return len(run.store.provisions(states=states, most=1_000_000))


def _compared(what: str, expected: object, found: object) -> Check:
    return Check(what, _text(expected), _text(found), expected == found)


def _same_bytes(expected: Path, came: bytes | None) -> Check:
    if came is None:
        return Check("result", expected.name, "no such file", holds=False)
    same = came == expected.read_bytes()
    return Check("result", expected.name, "equal" if same else "differs", same)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items())) or "–"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
