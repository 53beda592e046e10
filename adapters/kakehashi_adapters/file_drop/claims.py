"""Claims: files moved into a folder that belongs to one living process.

`work/<id>/` holds what the process has in hand, `work/<id>.lock` is locked (flock) for as long as it lives. The kernel
drops the lock with the process, however it ends: whoever gets the lock of another process inherits its files.
A forked child would keep the lock alive: start processes by exec.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from kakehashi.domain.batch import letters

__all__ = ["ClaimFolder"]

_LOCK = ".lock"


class ClaimFolder:
    """Raises OSError. `path` holds the claimed files, named by tag and name."""

    def __init__(self, work: Path) -> None:
        self._work = work
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._id, self._lock = _new_lock(work)
        self.path = work / self._id
        self.path.mkdir(mode=0o700)

    def adopt(self) -> None:
        """Take over the files of processes that are no more."""
        for path in self._work.iterdir():
            if path.suffix == _LOCK and path.stem != self._id:
                self._adopt(path.stem)

    def _adopt(self, owner: str) -> None:
        lock = _lock(self._work / (owner + _LOCK), create=False)
        if lock is None:
            return
        try:
            folder = self._work / owner
            with contextlib.suppress(FileNotFoundError):
                for path in folder.iterdir():
                    path.rename(self.path / path.name)
                folder.rmdir()
            (self._work / (owner + _LOCK)).unlink()
        finally:
            os.close(lock)

    def close(self) -> None:
        """Give everything in hand to whoever adopts it."""
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self.path.rmdir()
                (self._work / (self._id + _LOCK)).unlink()
            os.close(self._lock)
            self._lock = -1


def _new_lock(work: Path) -> tuple[str, int]:
    while True:
        owner = letters(os.urandom(8))
        lock = _lock(work / (owner + _LOCK), create=True)
        if lock is not None:
            return owner, lock


def _lock(path: Path, *, create: bool) -> int | None:
    """The locked file, or None when it is another's or was removed before it could be locked."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
    try:
        lock = os.open(path, flags, 0o600)
    except (FileNotFoundError, FileExistsError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if os.fstat(lock).st_nlink == 0:
        os.close(lock)
        return None
    return lock
