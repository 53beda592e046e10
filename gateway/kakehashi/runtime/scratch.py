"""The Scratch in files without a name: who is killed leaves nothing behind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

__all__ = ["FileScratch"]

_IN_MEMORY = 1 << 15


class FileScratch:
    """Piles on the disk of `folder`; each is written in portions of 32 KiB."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._waiting: dict[str, bytearray] = {}

    def add(self, pile: str, data: bytes) -> None:
        waiting = self._waiting.setdefault(pile, bytearray())
        waiting += data
        if len(waiting) >= _IN_MEMORY:
            if pile not in self._files:
                self._files[pile] = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  # lives until `take` or `close`
            self._files[pile].write(waiting)
            waiting.clear()

    def take(self, pile: str) -> bytes:
        rest = bytes(self._waiting.pop(pile, b""))
        file = self._files.pop(pile, None)
        if file is None:
            return rest
        with file:
            file.seek(0)
            return file.read() + rest

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._waiting.clear()
