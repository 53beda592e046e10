"""「リハーサル記録」 Who did which step when, and what came of it: kept after each step, so that it can go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi_simulators.rehearsal.judging import Check

__all__ = ["DONE", "Diary", "Entry", "open_diary"]

DONE = frozenset({"passed", "failed", "skipped"})
_FILE = "rehearsal.json"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One step. `state`: open, passed, failed, or skipped (the simulators' part, where a partner is)."""

    name: str
    title: str
    who: str
    lane: str = ""
    state: str = "open"
    began: str = ""
    ended: str = ""
    seconds: float = 0.0
    note: str = ""
    files: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Diary:
    """`script`: the SHA-256 of the script's bytes."""

    folder: Path
    script: str
    mode: str
    began: str
    entries: list[Entry]

    def save(self) -> None:
        told = asdict(self)
        del told["folder"]
        new = self.folder / f".{_FILE}.part"
        new.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        new.replace(self.folder / _FILE)

    @property
    def passed(self) -> bool:
        return all(entry.state in ("passed", "skipped") for entry in self.entries)


def open_diary(folder: Path, script: str) -> Diary:
    """That of an earlier run of the same script, which is not finished. Raises ConfigurationError (RHS-006)."""
    try:
        told = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        entries = [Entry(**{**each, "checks": [Check(*one) for one in each["checks"]]}) for each in told.pop("entries")]
        diary = Diary(folder=folder, entries=entries, **told)
    except (OSError, ValueError, TypeError, KeyError):
        raise ConfigurationError([Fault("RHS-006", Place(item="--folder"))]) from None
    if diary.script != script or all(entry.state in DONE for entry in diary.entries):
        raise ConfigurationError([Fault("RHS-006", Place(item="--folder"))])
    return diary
