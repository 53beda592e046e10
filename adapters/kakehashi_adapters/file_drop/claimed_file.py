"""A file in the hands of this process."""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from kakehashi.ports.files import Claim
from kakehashi_adapters.durable_file import opened_folder, unavailable
from kakehashi_adapters.file_drop.archive import Archive
from kakehashi_adapters.file_drop.claims import ClaimFolder
from kakehashi_adapters.file_drop.names import tag_of, untagged
from kakehashi_adapters.file_drop.quarantine import Quarantine

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ClaimedFile", "is_plain"]

_BUFFER = 64 * 1024


def is_plain(status: os.stat_result) -> bool:
    """A regular file that has no other name: nobody can reach its bytes by another path."""
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


class ClaimedFile:
    """The SourceFile of folders. `in_hand` is the source's own list of the entries that it must not offer again."""

    def __init__(
        self, claims: ClaimFolder, entry: str, *, in_hand: set[str], quarantine: Quarantine, archive: Archive | None
    ) -> None:
        self._claims = claims
        self._folder = claims.path
        self._entry = entry
        self._archive = archive
        self._in_hand = in_hand
        self._quarantine = quarantine
        in_hand.add(entry)

    @property
    def name(self) -> str:
        return untagged(self._entry)

    @property
    def size(self) -> int:
        try:
            return (self._folder / self._entry).lstat().st_size
        except OSError as error:
            raise unavailable(self._folder, error) from None

    @property
    def claim(self) -> Claim:
        return Claim(tag_of(self._entry), self._claims.owner)

    @property
    def may_be_left_over(self) -> bool:
        return True

    def open(self) -> BinaryIO:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with opened_folder(self._folder) as folder:
                file = os.open(self._entry, flags, dir_fd=folder)
            return io.BufferedReader(_Bytes(file, self._claims), _BUFFER)
        except OSError as error:
            raise unavailable(self._folder, error) from None

    def finish(self) -> None:
        try:
            if self._archive is not None:
                self._archive.take(self._folder / self._entry)
            else:
                (self._folder / self._entry).unlink(missing_ok=True)
        except OSError as error:
            raise unavailable(self._folder, error) from None
        self._in_hand.discard(self._entry)

    def release(self) -> None:
        self._in_hand.discard(self._entry)

    def quarantine(self, code: str) -> None:
        try:
            with opened_folder(self._folder) as folder:
                self._quarantine.take(self._entry, folder=folder, name=self.name, code=code)
        except OSError as error:
            raise unavailable(self._quarantine.path, error) from None
        self._in_hand.discard(self._entry)


class _Bytes(io.RawIOBase):
    """Reads the open `file`, closed with it; what a disk or a network share cannot give now is FolderUnavailable.

    Who reads, works: the lease is kept up.
    """

    def __init__(self, file: int, claims: ClaimFolder) -> None:
        self._file = file
        self._claims = claims

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            self._claims.beat()
            return os.readv(self._file, [buffer])
        except OSError as error:
            raise unavailable(self._claims.path, error) from None

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return os.lseek(self._file, offset, whence)
        except OSError as error:
            raise unavailable(self._claims.path, error) from None

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._file)
