"""Source, sink and spool in memory, for tests of what uses them."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable
from typing import BinaryIO

from kakehashi.errors import FolderUnavailable, StoreCorrupt
from kakehashi.ports.files import Claim, SourceFile
from kakehashi.ports.sealer import Sealed

__all__ = ["MemoryFile", "MemorySink", "MemorySource", "MemorySpool", "MemorySpoolWriter"]


class MemoryFile:
    """A file of a MemorySource."""

    def __init__(self, source: MemorySource, name: str, content: bytes, claim: str) -> None:
        self._source = source
        self._claim = Claim(claim)
        self._content = content
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def size(self) -> int:
        return len(self._content)

    @property
    def claim(self) -> Claim:
        return self._claim

    @property
    def may_be_left_over(self) -> bool:
        return True

    def open(self) -> BinaryIO:
        return io.BytesIO(self._content)

    def finish(self) -> None:
        self._source.drop(self)

    def release(self) -> None:
        self._source.in_hand.discard(self)

    def quarantine(self, code: str) -> None:
        self._source.drop(self)
        self._source.quarantined.append((self._name, code))


class MemorySource:
    """`put` drops a complete file. `broken` makes every claim fail. `revive` is what follows the death of a process."""

    def __init__(self) -> None:
        self._files: list[MemoryFile] = []
        self._drops = 0
        self.in_hand: set[MemoryFile] = set()
        self.quarantined: list[tuple[str, str]] = []
        self.broken = False

    def put(self, name: str, content: bytes) -> None:
        self._drops += 1
        self._files.append(MemoryFile(self, name, content, f"drop-{self._drops}"))

    def claim(self, most: int) -> list[SourceFile]:
        if self.broken:
            raise FolderUnavailable
        files = [file for file in self._files if file not in self.in_hand][: max(most, 0)]
        self.in_hand.update(files)
        return list(files)

    def drop(self, file: MemoryFile) -> None:
        if file in self._files:
            self._files.remove(file)
        self.in_hand.discard(file)

    def close(self) -> None:
        self.revive()

    def revive(self) -> None:
        self.in_hand.clear()

    def __len__(self) -> int:
        return len(self._files)


class MemorySink:
    """`files` holds what was delivered; `broken` makes every delivery fail after its first chunk."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken = False

    def deliver(self, name: str, chunks: Iterable[bytes]) -> None:
        content = b"".join(chunks)
        if self.broken:
            raise FolderUnavailable
        self.files[name] = content

    def lying(self, names: Collection[str]) -> set[str]:
        if self.broken:
            raise FolderUnavailable
        return self.files.keys() & set(names)


class MemorySpool:
    """`files` holds committed chunks by name; `full` makes the next append or commit fail."""

    def __init__(self) -> None:
        self.files: dict[str, list[Sealed]] = {}
        self.full = False

    def create(self, name: str) -> MemorySpoolWriter:
        return MemorySpoolWriter(self, name)

    def read(self, name: str, offset: int, length: int) -> Sealed:
        chunks = self.files.get(name, [])
        if not 0 <= offset < len(chunks) or length != len(chunks[offset].body):
            raise StoreCorrupt
        return chunks[offset]

    def last(self, name: str) -> Sealed:
        if not self.files.get(name):
            raise StoreCorrupt
        return self.files[name][-1]

    def names(self) -> list[str]:
        return list(self.files)

    def remove(self, name: str) -> None:
        self.files.pop(name, None)


class MemorySpoolWriter:
    """Places are (position of the chunk, length of its body)."""

    def __init__(self, spool: MemorySpool, name: str) -> None:
        self._spool = spool
        self._name = name
        self._chunks: list[Sealed] | None = []

    def append(self, sealed: Sealed) -> tuple[int, int]:
        chunks = self._alive()
        chunks.append(sealed)
        return len(chunks) - 1, len(sealed.body)

    def commit(self) -> None:
        self._spool.files[self._name] = self._alive()
        self._chunks = None

    def abandon(self) -> None:
        self._chunks = None

    def _alive(self) -> list[Sealed]:
        if self._spool.full:
            self._chunks = None
        if self._chunks is None:
            raise FolderUnavailable("FIL-002")
        return self._chunks
