"""When a dropped file is complete: by its final name, by an end marker beside it, or because it has stopped growing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, Self

from kakehashi_adapters.file_drop.names import is_temporary

__all__ = ["Completeness", "EndMarker", "Entry", "Renamed", "Stable", "completeness"]

_SETTLED = timedelta(seconds=1)
"""A file that still grows is not read for its trailer over and over."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What one look into the folder saw of a file; sorts oldest first."""

    modified: int
    name: str
    size: int
    inode: int

    @classmethod
    def of(cls, name: str, status: os.stat_result) -> Self:
        return cls(status.st_mtime_ns, name, status.st_size, status.st_ino)


class Completeness(Protocol):
    is_a_guess: bool
    """What it calls complete may still be written: the content must prove it."""

    def complete(self, entries: Collection[Entry]) -> list[Entry]:
        """Those of one look into the folder that their writer has finished."""

    def marker(self, name: str) -> str | None:
        """The name of the file that must be taken away with `name`, and first."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The writer renames the finished file to its final name: temporary names and dot-files are left alone."""

    is_a_guess = False

    def complete(self, entries: Collection[Entry]) -> list[Entry]:
        return [entry for entry in entries if not is_temporary(entry.name)]

    def marker(self, name: str) -> str | None:  # noqa: ARG002  # no file goes with it
        return None


@dataclass(frozen=True, slots=True)
class EndMarker:
    """The writer puts `name` + `suffix` beside the finished file `name`."""

    suffix: str = ".end"
    is_a_guess = False

    def complete(self, entries: Collection[Entry]) -> list[Entry]:
        names = {entry.name for entry in entries}
        return [entry for entry in entries if not is_temporary(entry.name) and self.marker(entry.name) in names]

    def marker(self, name: str) -> str | None:
        return name + self.suffix


@dataclass(slots=True)
class Stable:
    """Size and time of change have not moved for a while: a guess, for writers that can do nothing better.

    A writer that stalls for longer is caught only by the counts in the file's trailer.
    """

    is_a_guess = True
    quiet: timedelta = timedelta(seconds=30)
    monotonic: Callable[[], float] = time.monotonic
    _since: dict[Entry, float] = field(default_factory=dict)

    def complete(self, entries: Collection[Entry]) -> list[Entry]:
        now = self.monotonic()
        self._since = {entry: self._since.get(entry, now) for entry in entries}
        quiet = self.quiet.total_seconds()
        return [entry for entry, since in self._since.items() if now - since >= quiet and not is_temporary(entry.name)]

    def marker(self, name: str) -> str | None:  # noqa: ARG002  # no file goes with it
        return None


def completeness(kind: str, *, end_marker: str, quiet: timedelta, monotonic: Callable[[], float]) -> Completeness:
    """`kind` as the configuration names it: rename, end-marker, trailer or stable."""
    if kind == "rename":
        return Renamed()
    if kind == "end-marker":
        return EndMarker(end_marker)
    if kind == "trailer":
        return Stable(min(quiet, _SETTLED), monotonic)
    if kind == "stable":
        return Stable(quiet, monotonic)
    raise ValueError(kind)
