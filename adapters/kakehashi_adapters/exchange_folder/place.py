"""Where parcels lie: what a folder must be able to do, and the folder of this machine's file system."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from kakehashi.errors import Fault, ServerUnreachable
from kakehashi_adapters.durable_file import DurableFile, opened_folder, sweep

__all__ = ["Folder", "LocalFolder", "LocalPlace", "Pair", "Place", "TooLarge"]

_LOCK = ".serial.lock"
_MODE = 0o640


class TooLarge(Exception):
    """There is more in the file than may be read."""


class Folder(Protocol):
    """Names are those of files in it. Every method raises OSError; FileNotFoundError where there is no such file."""

    def put(self, name: str, content: bytes) -> None:
        """Seen whole or not at all; replaces what has the name."""

    def get(self, name: str, *, most: int) -> bytes:
        """Raises TooLarge."""

    def has(self, name: str) -> bool: ...

    def rename(self, before: str, after: str) -> None:
        """Of two who rename the same file one gets FileNotFoundError."""

    def remove(self, name: str) -> None: ...

    def make(self, folder: str) -> None:
        """A folder in it, if there is none."""

    def untouched_since(self, moment: datetime) -> list[str]:
        """Files that nobody has written after it."""

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else has it meanwhile, in whatever process."""


class Pair(NamedTuple):
    """The two folders of an exchange."""

    to_server: Folder
    from_server: Folder


class Place(Protocol):
    """Thread-safe."""

    def lend(self) -> AbstractContextManager[Pair]:
        """Both folders, for one thread. Raises OSError where they cannot be reached, ServerUnreachable (RHS-003)
        where they are live ones that no test may reach.
        """

    def close(self) -> None: ...


class LocalPlace:
    """A folder of this machine, or a mount. `refuses`: asked each time whether the path has become a live one."""

    def __init__(self, path: Path, *, refuses: Callable[[Path], bool] = lambda _: False) -> None:
        self._path, self._refuses = path, refuses
        self._pair = Pair(LocalFolder(path / "to-server"), LocalFolder(path / "from-server"))

    @contextmanager
    def lend(self) -> Iterator[Pair]:
        if self._refuses(self._path):
            raise ServerUnreachable(Fault("RHS-003"))
        yield self._pair

    def close(self) -> None:
        """Nothing is held open."""


class LocalFolder:
    """What was put survives a loss of power; no link is followed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, content: bytes) -> None:
        file = DurableFile(self._path, name, mode=_MODE)
        try:
            file.write(content)
            file.commit()
        finally:
            file.abandon()

    def get(self, name: str, *, most: int) -> bytes:
        with opened_folder(self._path) as folder:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(file, "rb") as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise TooLarge
        return content

    def has(self, name: str) -> bool:
        return (self._path / name).exists()

    def rename(self, before: str, after: str) -> None:
        (self._path / before).rename(self._path / after)

    def remove(self, name: str) -> None:
        (self._path / name).unlink()

    def make(self, folder: str) -> None:
        (self._path / folder).mkdir(exist_ok=True)

    def untouched_since(self, moment: datetime) -> list[str]:
        sweep(self._path)
        files = [path for path in self._path.iterdir() if path.is_file()]
        return [path.name for path in files if path.stat().st_mtime < moment.timestamp()]

    @contextmanager
    def locked(self) -> Iterator[None]:
        handle = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
