"""Numbers that go back to their systems, in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from kakehashi.ports.link_rules import number_day_of
from kakehashi.ports.links import LinkRow
from kakehashi.ports.number_returns import NumberFile, NumberRow

__all__ = ["MemoryNumberReturns"]


@dataclass(slots=True)
class _System:
    pending: list[NumberRow] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    files: list[NumberFile] = field(default_factory=list)
    returned: set[int] = field(default_factory=set)


class MemoryNumberReturns:
    """See `kakehashi.ports.number_returns.NumberReturns`; `_unfrozen` says to whom a number is linked now."""

    def __init__(self) -> None:
        self._return_lock = threading.RLock()
        self._returns: dict[str, _System] = {}
        self._files_made = 0

    def _unfrozen(self, system: str, atena: str) -> str | None:
        raise NotImplementedError

    def _tell(self, row: LinkRow, now: datetime) -> None:
        with self._return_lock:
            system = self._returns.setdefault(row.system, _System())
            if row.news and system.told.get(row.atena) != row.unified:
                system.told[row.atena] = row.unified
                system.pending.append(NumberRow(row.atena, row.unified, number_day_of(row, now)))

    def _was_told(self, system: str, atena: str) -> str | None:
        with self._return_lock:
            return self._returns[system].told.get(atena) if system in self._returns else None

    def number_file(self, system: str, *, most: int, now: datetime) -> NumberFile | None:
        with self._return_lock:
            known = self._returns.setdefault(system, _System())
            open_files = [file for file in known.files if file.id not in known.returned]
            if open_files:
                return open_files[0]
            rows = [row for row in known.pending if self._unfrozen(system, row.atena) == row.unified][:most]
            if not rows:
                return None
            known.pending = [row for row in known.pending if row not in rows]
            self._files_made += 1
            known.files.append(NumberFile(id=self._files_made, made_at=now, rows=rows))
            return known.files[-1]

    def mark_numbers(self, file_id: int, *, now: datetime) -> bool:  # noqa: ARG002  # kept by real stores only
        with self._return_lock:
            for known in self._returns.values():
                if file_id in {file.id for file in known.files} - known.returned:
                    known.returned.add(file_id)
                    return True
            return False
