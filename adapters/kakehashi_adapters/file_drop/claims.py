"""Claims: files moved into a folder that belongs to one process for as long as its lease lasts.

`work/<owner>/` holds what the process has in hand, `work/<owner>.lease` counts on while it works. Who sees a lease that
has not moved for its whole time takes the files over. Only the observer's own clock counts, so machines need not agree
on the time. The owner may not be dead but frozen: `fence` is told before its files are touched.

On one machine the lease file is also locked (flock): the kernel drops the lock with the process, however it ends, and
its files are inherited at once. A lock of another machine says nothing, for not every network share passes it on. A
forked child would keep the lock alive: start processes by exec.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from kakehashi.domain.batch import letters

__all__ = ["ClaimFolder"]

_LEASE = ".lease"


def _kernel() -> bytes:
    """Names the running kernel: what it locks, it unlocks."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    return os.uname().nodename.encode()


class ClaimFolder:
    """Raises OSError. `path` holds the claimed files, named by tag and name."""

    def __init__(
        self, work: Path, *, lease: timedelta, fence: Callable[[str], None], monotonic: Callable[[], float]
    ) -> None:
        self._work = work
        self._seconds = lease.total_seconds()
        self._fence = fence
        self._monotonic = monotonic
        self._kernel = _kernel()
        self._count = 0
        self._beaten = float("-inf")
        self._seen: dict[str, tuple[bytes, float]] = {}
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.owner, self._lock = _new_lease(work)
        self._lease = work / (self.owner + _LEASE)
        self.path = work / self.owner
        self.path.mkdir(mode=0o700)
        self.beat()

    def beat(self) -> None:
        """Show that we work. To be called much more often than the lease is long."""
        now = self._monotonic()
        if now - self._beaten < self._seconds / 5:
            return
        with contextlib.suppress(FileNotFoundError):
            file = os.open(self._lease, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                self._count += 1
                os.pwrite(file, b"%s %d" % (self._kernel, self._count), 0)
            finally:
                os.close(file)  # on network shares others see it from now on
            self._beaten = now

    def lost(self) -> bool:
        """Whether somebody has taken our files over."""
        return not self._lease.exists()

    def adopt(self) -> None:
        """Take over the files of processes that are no more, or whose lease has ended."""
        owners = [path.stem for path in self._work.iterdir() if path.suffix == _LEASE and path.stem != self.owner]
        self._seen = {owner: self._seen[owner] for owner in owners if owner in self._seen}
        for owner in owners:
            with contextlib.suppress(FileNotFoundError):
                self._adopt(owner)

    def _adopt(self, owner: str) -> None:
        lease = self._work / (owner + _LEASE)
        lock = None
        content = lease.read_bytes()
        if content.partition(b" ")[0] == self._kernel:
            lock = _locked(lease, os.O_RDWR)
        try:
            if lock is not None:
                self._move(owner)
            elif self._ended(owner, content):
                self._fence(owner)
                self._move(owner)
        finally:
            if lock is not None:
                os.close(lock)

    def _ended(self, owner: str, content: bytes) -> bool:
        now = self._monotonic()
        before, since = self._seen.get(owner, (None, now))
        if before != content:
            self._seen[owner] = content, now
            return False
        return now - since >= self._seconds

    def _move(self, owner: str) -> None:
        """Each file to whoever is first; the lease goes last, so that a heir who dies here has heirs himself."""
        folder = self._work / owner
        if folder.exists():
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    path.rename(self.path / path.name)
            folder.rmdir()
        (self._work / (owner + _LEASE)).unlink()

    def close(self) -> None:
        """Give everything in hand to whoever adopts it."""
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self.path.rmdir()
                self._lease.unlink()
            os.close(self._lock)
            self._lock = -1


def _new_lease(work: Path) -> tuple[str, int]:
    """An owner's name nobody had, and its open lease."""
    while True:
        owner = letters(os.urandom(8))
        lock = _locked(work / (owner + _LEASE), os.O_RDWR | os.O_CREAT | os.O_EXCL)
        if lock is not None:
            return owner, lock


def _locked(path: Path, flags: int) -> int | None:
    """The open file, locked where the file system can lock. None: another's, or removed before it could be locked."""
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, FileExistsError):
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:  # no locks here
        if flags & os.O_EXCL:
            return file
        os.close(file)
        return None
    if os.fstat(file).st_nlink == 0:
        os.close(file)
        return None
    return file
