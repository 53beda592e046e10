"""The Scratch in one file without a name: who is killed leaves nothing behind."""

from __future__ import annotations

import os
import tempfile
from array import array
from pathlib import Path

__all__ = ["FileScratch"]

_IN_MEMORY = 1 << 14


class FileScratch:
    """Piles on the disk of `folder`, each in pieces of 16 KiB; the room of what was taken is free again at the end."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # lives until `close`
        self._end = 0
        self._places: dict[str, array[int]] = {}
        """Where the pieces of each pile begin and how long they are, by turns."""
        self._waiting: dict[str, bytearray] = {}

    def add(self, pile: str, data: bytes) -> None:
        waiting = self._waiting.setdefault(pile, bytearray())
        waiting += data
        if len(waiting) >= _IN_MEMORY:
            self._file.seek(self._end)
            written = self._file.write(waiting)
            while written < len(waiting):
                written += self._file.write(waiting[written:])
            self._places.setdefault(pile, array("Q")).extend((self._end, len(waiting)))
            self._end += len(waiting)
            self._waiting[pile] = bytearray()

    def take(self, pile: str) -> bytes:
        places = self._places.pop(pile, array("Q"))
        pieces = [
            os.pread(self._file.fileno(), length, at) for at, length in zip(places[::2], places[1::2], strict=True)
        ]
        return b"".join([*pieces, self._waiting.pop(pile, b"")])

    def close(self) -> None:
        self._file.close()
        self._places.clear()
        self._waiting.clear()
