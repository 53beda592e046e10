"""A folder that a legacy system fetches results from."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from kakehashi.errors import Fault, InputError
from kakehashi_adapters.durable_file import DurableFile, opened_folder, sweep, unavailable
from kakehashi_adapters.file_drop.names import is_acceptable

__all__ = ["FolderSink"]


class FolderSink:
    """The folder must exist: making it here would hide that it is not mounted. `mode` is that of result files."""

    def __init__(self, folder: Path, *, mode: int = 0o640) -> None:
        self._folder = folder
        self._mode = mode
        self._swept = False

    def deliver(self, name: str, chunks: Iterable[bytes]) -> None:
        """Raises InputError (REF-005) for a name that is not acceptable in a drop folder either."""
        if not is_acceptable(name):
            raise InputError(Fault("REF-005"))
        file = self._start(name)
        try:
            for chunk in chunks:
                self._translated(file.write, chunk)
            self._translated(file.commit)
        finally:
            file.abandon()

    def lying(self, names: Collection[str]) -> set[str]:
        try:
            with opened_folder(self._folder) as descriptor:
                return {name for name in names if _is_there(name, descriptor)}
        except OSError as error:
            raise unavailable(self._folder, error) from None

    def _translated(self, act: Callable[..., None], *arguments: bytes) -> None:
        """Only the folder's own errors are ours to name; what the iterator of chunks raises passes through."""
        try:
            act(*arguments)
        except OSError as error:
            raise unavailable(self._folder, error) from None

    def _start(self, name: str) -> DurableFile:
        try:
            if not self._swept:
                sweep(self._folder)
                self._swept = True
            return DurableFile(self._folder, name, mode=self._mode)
        except OSError as error:
            raise unavailable(self._folder, error) from None


def _is_there(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
