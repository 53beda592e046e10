"""Where legacy files come from, the sealed spool in between, and where results go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from kakehashi.ports.sealer import Sealed

__all__ = ["Claim", "Sink", "Source", "SourceFile", "Spool", "SpoolWriter"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has a file in hand. `id` names this one drop of it and stays when another process takes the file over;
    `owner` is the lease under which it is in hand (empty: no lease can end), and the ledger refuses one that ended.
    """

    id: str
    owner: str = ""


class SourceFile(Protocol):
    """One complete file, claimed by this process alone."""

    @property
    def name(self) -> str:
        """The file's name as it was dropped, printable."""

    @property
    def size(self) -> int:
        """In bytes, without reading it. Raises FolderUnavailable."""

    @property
    def claim(self) -> Claim: ...

    @property
    def may_be_left_over(self) -> bool:
        """Whether a process can have taken it into the ledger, under the same claim, and died before `finish`."""

    def open(self) -> BinaryIO:
        """The bytes, from the start; may be called again. Opening and reading raise FolderUnavailable."""

    def finish(self) -> None:
        """The file is safe in spool and ledger: remove it from the source. Idempotent."""

    def release(self) -> None:
        """Not now (store or disk unavailable): a later claim offers it again."""

    def quarantine(self, code: str) -> None:
        """Move the file aside where an operator finds it with the reason; never back into the source."""


class Source(Protocol):
    """Offers complete files once. A file claimed by a process that died, or that has given no sign of life for the time
    of its lease, is offered again; before that, the ledger is told that the lease has ended.

    Raises FolderUnavailable when the place cannot be used now; the caller waits before it asks again.
    """

    def claim(self, most: int) -> list[SourceFile]:
        """Up to `most` complete files, oldest first; half-written ones are left alone."""

    def close(self) -> None:
        """Files in hand are offered again, here or elsewhere."""


class Sink(Protocol):
    """Takes result files for a legacy system."""

    def deliver(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write under a temporary name, sync, rename: a reader sees all of it or nothing. Same name: replaced.

        Raises FolderUnavailable: deliver it again then.
        """

    def lying(self, names: Collection[str]) -> set[str]:
        """Which of these the system has not taken away. Raises FolderUnavailable."""


class SpoolWriter(Protocol):
    """Raises FolderUnavailable when the disk fails or is full; from then on every call does: start a new writer.

    A writer holds open files until `commit` or `abandon`: whoever made it calls `abandon` on every error.
    """

    def append(self, sealed: Sealed) -> tuple[int, int]:
        """Write one sealed chunk with its key id; returns (offset, length) inside the spool file."""

    def commit(self) -> None:
        """Sync file and folder; only after that may the ledger name it."""

    def abandon(self) -> None:
        """Remove it, the ledger will not name it, and close it. Idempotent; without effect after `commit`."""


class Spool(Protocol):
    """Sealed copies of what came in: the archive, and the source of every republish."""

    def create(self, name: str) -> SpoolWriter:
        """`name` is made of letters by us, never from a dropped file's name. An older one of that name is replaced."""

    def read(self, name: str, offset: int, length: int) -> Sealed:
        """One chunk as it was appended. Raises FolderUnavailable, or StoreCorrupt when the chunk is not there whole."""

    def last(self, name: str) -> Sealed:
        """The last chunk of a file. Raises as `read`."""

    def names(self) -> list[str]:
        """Of every committed file, in no order. Raises FolderUnavailable."""

    def remove(self, name: str) -> None:
        """Retention; idempotent."""
