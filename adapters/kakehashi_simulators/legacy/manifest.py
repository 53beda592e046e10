"""What the generator promises: which files it wrote, what is wrong in them, what the server must know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["Manifest", "Planted", "Sample", "State"]

State: TypeAlias = Literal["refused", "waiting", "held", "duplicate"]
"""refused: one record goes back; waiting: one record waits for somebody; held: the whole file waits; duplicate: not
taken a second time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One fault that the gateway must find, exactly once. `record` is None where the whole file is at fault.

    `code` is the gateway's; `item` the name that its fault carries (None: the fault has no item). `server_code` is
    what the intermediate server answered, where it was the server that refused.
    """

    file: str
    record: int | None
    kind: str
    code: str
    item: str | None
    state: State
    server_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file to drop. `records`: its data records as the gateway counts them; `good`: those that must be accepted.

    A duplicate or a refused file counts no records.
    """

    lane: str
    name: str
    path: Path
    records: int
    good: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`samples` in the order to drop them: the registry extract first (it fills the links), duplicates last.

    `server_persons` lists 団体内統合宛名番号 by what the server must say of them: `no_symbol` (4007), `unknown` (4003),
    `stale` (4009: it holds a newer change than any that will be sent).
    """

    seed: int
    samples: tuple[Sample, ...]
    planted: tuple[Planted, ...]
    server_persons: Mapping[str, list[str]]

    @property
    def records(self) -> int:
        return sum(sample.records for sample in self.samples)

    @property
    def good(self) -> int:
        return sum(sample.good for sample in self.samples)

    def lane(self, name: str) -> tuple[Sample, ...]:
        """The files of one lane, in order."""
        return tuple(sample for sample in self.samples if sample.lane == name)

    def faults(self, state: State) -> tuple[Planted, ...]:
        return tuple(planted for planted in self.planted if planted.state == state)

    def save(self, path: Path) -> None:
        """As JSON, for programs that only compare; holds no person's number."""
        text = json.dumps(asdict(self), default=str, ensure_ascii=False, indent=1)
        path.write_text(text, encoding="utf-8")
