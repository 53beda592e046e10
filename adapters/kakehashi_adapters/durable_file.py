"""A file that is seen whole or not at all: temporary name, fsync, rename, fsync of the folder.

Raises OSError; the adapters that use it translate. A failed fsync is final: the pages may be lost although a second
fsync would succeed, so the file is given up and written anew by whoever still has its content (safety.md, fact 12).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kakehashi.domain.batch import letters
from kakehashi.errors import Fault, FolderUnavailable, Place

__all__ = ["DurableFile", "opened_folder", "sweep", "unavailable"]

_SUFFIX = ".unfinished"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def unavailable(folder: Path, error: OSError) -> FolderUnavailable:
    """What the operating system says about `folder`, in our words: the one translation."""
    code = "FIL-002" if error.errno in _FULL else "FIL-001"
    return FolderUnavailable(
        Fault(code, Place(file=str(folder)), {"errno": errno.errorcode.get(error.errno or 0, "?")})
    )


@contextlib.contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """A descriptor to work in: a folder that is renamed or replaced by a link meanwhile does not lead us astray."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class DurableFile:
    """One file being written. Its writer holds a lock, so that `sweep` can tell a dead writer's leavings."""

    def __init__(self, folder: Path, name: str, *, mode: int) -> None:
        self._name = name
        self._hidden = f".{letters(os.urandom(8))}{_SUFFIX}"
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._file: int | None = None
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._hidden, flags, mode, dir_fd=self._folder)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError:
            self.abandon()
            raise

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._open_file(), rest) :]

    def commit(self) -> None:
        """Returns when file and name survive a loss of power."""
        os.fsync(self._open_file())
        os.rename(self._hidden, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._hidden = self._name  # if its name cannot be made durable, it is the name that goes
        os.fsync(self._folder)
        self._close()

    def abandon(self) -> None:
        """Idempotent, and without effect after `commit`."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._hidden, dir_fd=self._folder)
        self._close()

    def _open_file(self) -> int:
        if self._file is None:
            raise OSError
        return self._file

    def _close(self) -> None:
        descriptors, self._file, self._folder = (self._file, self._folder), None, -1
        for descriptor in descriptors:
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what writers that died have left in `folder`."""
    with opened_folder(folder) as descriptor:
        for name in os.listdir(descriptor):  # noqa: PTH208  # pathlib lists no descriptors
            if name.startswith(".") and name.endswith(_SUFFIX):
                _remove_if_dead(name, descriptor)


def _remove_if_dead(name: str, folder: int) -> None:
    with contextlib.suppress(OSError):
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(file)
