"""What alarms are derived from, beside the counts: flow and refusals in the ledger, room on disks, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Expiry", "Flow", "Settled", "Space", "Surroundings", "Vigil"]


@dataclass(frozen=True, slots=True)
class Flow:
    """「流量」 Files that came in, and their records."""

    files: int
    records: int


@dataclass(frozen=True, slots=True)
class Settled:
    """「処理結果」 Records of a lane that got their outcome, and how many of them are refused (not superseded)."""

    lane: str
    records: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """「空き容量」 Of a disk, under the names of the folders on it. `inodes`: None where it has no such limit."""

    place: str
    bytes: int
    inodes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """「有効期限」 Until when a certificate is valid; None: it cannot be read."""

    place: str
    until: datetime | None


class Vigil(Protocol):
    """The part of the store that alarms ask. As of `Store`, every method is one transaction."""

    def flow(self, lane: str, *, since: datetime) -> Flow:
        """The files that came into a lane since then; not those that are held or refused as a whole."""

    def settled(self, *, since: datetime) -> list[Settled]:
        """By lane, the batches that were settled since then; a retried record counts with its last batch."""


class Surroundings(Protocol):
    """What a process needs of its machine."""

    def spaces(self) -> Sequence[Space]:
        """The disks of spool, ledger, queues and exchange folders; each once."""

    def expiries(self) -> Sequence[Expiry]:
        """The certificates towards the server."""
