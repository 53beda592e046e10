"""Links in memory: the LinkStore contract without a disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from kakehashi.errors import StoreUnavailable
from kakehashi.ports.links import LinkRow
from kakehashi.ports.sealer import Sealed

__all__ = ["MemoryLinkStore"]


class MemoryLinkStore:
    """The reference of the LinkStore's meaning."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], str] = {}
        self._blinds: dict[str, bytes] = {}
        self._numbers: dict[str, Sealed | None] = {}
        self._owners: dict[bytes, str] = {}
        self._lock = threading.RLock()
        self._closed = False

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        with self._open():
            return {number: self._links[system, number] for number in atena if (system, number) in self._links}

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> list[int]:  # noqa: ARG002  # kept by real stores only
        with self._open():
            return [position for position, row in enumerate(rows) if not self._linked(row)]

    def _linked(self, row: LinkRow) -> bool:
        if self._links.get((row.system, row.atena), row.unified) != row.unified:
            return False
        if row.blind is not None:
            owner = self._owners.get(row.blind, row.unified)
            if owner != row.unified or self._blinds.get(row.unified, row.blind) != row.blind:
                return False
            if row.unified not in self._blinds:
                self._numbers[row.unified] = row.number
            self._owners[row.blind], self._blinds[row.unified] = row.unified, row.blind
        self._links[row.system, row.atena] = row.unified
        return True

    def links(self, system: str) -> Iterator[LinkRow]:
        with self._open():
            keys = sorted(key for key in self._links if key[0] == system)
        for key in keys:
            unified = self._links[key]
            yield LinkRow(
                system=system,
                atena=key[1],
                unified=unified,
                blind=self._blinds.get(unified),
                number=self._numbers.get(unified),
            )

    def _open(self) -> threading.RLock:
        if self._closed:
            raise StoreUnavailable
        return self._lock

    def close(self) -> None:
        self._closed = True
