"""The spool: one file per taken file, a sequence of sealed chunks.

A chunk is `length of the key id (1) | key id | length of the body (4, big-endian) | body | CRC-32 of all before (4)`.
The checksum tells a damaged disk (StoreCorrupt) from a wrong key (SealError); it protects against nothing else.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kakehashi.errors import FolderUnavailable, StoreCorrupt
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.durable_file import DurableFile, opened_folder, sweep, unavailable

__all__ = ["FileSpool", "FileSpoolWriter"]

_NAME = re.compile(r"[a-z][a-z-]{0,63}")
_LENGTH = struct.Struct(">I")
_MODE = 0o600


class FileSpool:
    """The Spool of production: `folder` is made when it is missing, for its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(folder)
        except OSError as error:
            raise unavailable(folder, error) from None

    def create(self, name: str) -> FileSpoolWriter:
        return FileSpoolWriter(self._folder, _checked(name))

    def read(self, name: str, offset: int, length: int) -> Sealed:
        try:
            with opened_folder(self._folder) as folder:
                chunk = _read(_checked(name), offset, length, folder)
        except OSError as error:
            raise unavailable(self._folder, error) from None
        return _unframed(chunk, length)

    def last(self, name: str) -> Sealed:
        try:
            with opened_folder(self._folder) as folder:
                chunk = _read_last(_checked(name), folder)
        except OSError as error:
            raise unavailable(self._folder, error) from None
        return _unframed(chunk, len(chunk))

    def names(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                return [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
        except OSError as error:
            raise unavailable(self._folder, error) from None

    def remove(self, name: str) -> None:
        try:
            (self._folder / _checked(name)).unlink(missing_ok=True)
        except OSError as error:
            raise unavailable(self._folder, error) from None


class FileSpoolWriter:
    """Nothing is seen under the file's name before `commit`. One thread at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._offset = 0
        try:
            self._file: DurableFile | None = DurableFile(folder, name, mode=_MODE)
        except OSError as error:
            raise unavailable(folder, error) from None

    def append(self, sealed: Sealed) -> tuple[int, int]:
        chunk = _framed(sealed)
        file = self._alive()
        try:
            file.write(chunk)
        except OSError as error:
            self.abandon()
            raise unavailable(self._folder, error) from None
        place = (self._offset, len(chunk))
        self._offset += len(chunk)
        return place

    def commit(self) -> None:
        file = self._alive()
        try:
            file.commit()
        except OSError as error:
            self.abandon()
            raise unavailable(self._folder, error) from None
        self._file = None

    def abandon(self) -> None:
        if self._file is not None:
            self._file.abandon()
            self._file = None

    def _alive(self) -> DurableFile:
        if self._file is None:
            raise FolderUnavailable
        return self._file


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = "a spool file is named by letters and hyphens"
        raise ValueError(msg)
    return name


def _read(name: str, offset: int, length: int, folder: int) -> bytes:
    with _opened(name, folder) as file:
        return os.pread(file, length, offset)


def _read_last(name: str, folder: int) -> bytes:
    """Goes from head to head, for only the front of a chunk says how long it is."""
    with _opened(name, folder) as file:
        size, offset, length = os.fstat(file).st_size, 0, 0
        while offset + length < size:
            offset += length
            head = os.pread(file, 1 + 255 + _LENGTH.size, offset)
            length = _length(head)
        return os.pread(file, length, offset)


@contextmanager
def _opened(name: str, folder: int) -> Iterator[int]:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise StoreCorrupt from None
    try:
        yield file
    finally:
        os.close(file)


def _length(head: bytes) -> int:
    """Of a whole chunk, by its front."""
    try:
        return 1 + head[0] + 2 * _LENGTH.size + int(_LENGTH.unpack_from(head, 1 + head[0])[0])
    except (IndexError, struct.error):
        raise StoreCorrupt from None


def _framed(sealed: Sealed) -> bytes:
    key_id = sealed.key_id.encode()
    chunk = b"".join((bytes([len(key_id)]), key_id, _LENGTH.pack(len(sealed.body)), sealed.body))
    return chunk + _LENGTH.pack(zlib.crc32(chunk))


def _unframed(chunk: bytes, length: int) -> Sealed:
    try:
        body_at = 1 + chunk[0] + _LENGTH.size
        (size,) = _LENGTH.unpack_from(chunk, 1 + chunk[0])
        (checksum,) = _LENGTH.unpack_from(chunk, body_at + size)
    except (IndexError, struct.error):
        raise StoreCorrupt from None
    if len(chunk) != length or length != body_at + size + 4 or zlib.crc32(chunk[:-4]) != checksum:
        raise StoreCorrupt
    return Sealed(chunk[1 : 1 + chunk[0]].decode(), chunk[body_at:-4])
