"""A folder that a legacy system drops files into, polled with scandir (events do not come from network shares).

A file is claimed by renaming it into the claim folder of this process, and looked at only then (one whose completeness
is a guess, before as well): what was checked is what is read, whoever replaces files meanwhile. Links, pipes, devices,
folders and names that could harm are moved to quarantine without being opened.
"""

from __future__ import annotations

import contextlib
import fnmatch
import heapq
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path

from kakehashi.ports.files import SourceFile
from kakehashi_adapters.durable_file import opened_folder, unavailable
from kakehashi_adapters.file_drop.archive import Archive
from kakehashi_adapters.file_drop.claimed_file import ClaimedFile, is_plain
from kakehashi_adapters.file_drop.claims import ClaimFolder
from kakehashi_adapters.file_drop.completeness import Entry, completeness
from kakehashi_adapters.file_drop.listing import look
from kakehashi_adapters.file_drop.names import is_acceptable, tagged, untagged
from kakehashi_adapters.file_drop.proof import Proof
from kakehashi_adapters.file_drop.quarantine import Quarantine, Refused

__all__ = ["FolderSource"]

_BACKLOG = 10_000
"""Entries of one look that are kept: the oldest. The others are seen again when these are taken."""

_MARKER = "!"
"""Before the name that a file gets when it is claimed: its end marker, taken away when the file was perhaps not."""


class FolderSource:
    """The Source of folders. `work` and `quarantine` must lie on the drop folder's file system; they are made.

    The drop folder itself is not made: that would hide that it is not mounted. Use from one thread; the files that
    it hands out may be used from others. `refused` is told of every file that went to quarantine, `fence` of every
    owner whose lease has ended before its files are taken over. `proof` is asked where the completeness is a guess.
    """

    def __init__(
        self,
        folder: Path,
        *,
        work: Path,
        quarantine: Path,
        complete: str = "rename",
        end_marker: str = ".end",
        stable_for: timedelta = timedelta(seconds=30),
        pattern: str = "*",
        refused: Refused | None = None,
        lease: timedelta = timedelta(seconds=60),
        fence: Callable[[str], None] = lambda _owner: None,
        proof: Proof | None = None,
        archive: Archive | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._new_claims = partial(ClaimFolder, work, lease=lease, fence=fence, monotonic=monotonic)
        self._proof = proof
        self._archive = archive
        self._own = [path for path in (work, quarantine, archive and archive.path) if path]
        self._quarantine = Quarantine(quarantine, refused)
        self._completeness = completeness(complete, end_marker=end_marker, quiet=stable_for, monotonic=monotonic)
        self._pattern = re.compile(fnmatch.translate(pattern))
        self._claims: ClaimFolder | None = None
        self._in_hand: set[str] = set()
        self._backlog: deque[Entry] = deque()
        self._twice: frozenset[int] = frozenset()

    def claim(self, most: int) -> list[SourceFile]:
        before = set(self._in_hand)
        try:
            with opened_folder(self._folder) as folder:
                return self._claim(most, folder)
        except OSError as error:
            self._let_go(before)
            raise unavailable(self._folder, error) from None
        except BaseException:
            self._let_go(before)
            raise

    def _let_go(self, before: set[str]) -> None:
        """Of what a claim took that came to nothing: its caller has got none of it and cannot release it."""
        for entry in self._in_hand - before:
            self._in_hand.discard(entry)

    def close(self) -> None:
        """Files in hand are offered again, here or elsewhere."""
        if self._claims is not None:
            self._claims.close()
            self._claims = None
        self._in_hand.clear()

    def _claim(self, most: int, folder: int) -> list[SourceFile]:
        if self._claims is not None and self._claims.lost():
            self.close()
        if self._claims is None:
            self._claims = self._new_claims()
        self._claims.beat()
        if not self._backlog:
            self._claims.adopt()
            self._look(folder)
        taken: list[SourceFile] = []
        for entry in self._waiting(folder):
            if len(taken) < most:
                taken += self._offered(entry)
        while self._backlog and len(taken) < most:
            taken += self._taken(self._backlog.popleft(), folder)
        return taken

    def _look(self, folder: int) -> None:
        """Into the drop folder: fill the backlog, oldest first, and clear away what is not acceptable."""
        own = {path.stat().st_ino for path in self._own if path.exists()}
        listing = look(folder, twice_before=self._twice, passed_over=own)
        self._twice = listing.twice
        named = [entry for entry in self._completeness.complete(listing.files) if self._matches(entry.name)]
        self._backlog.extend(heapq.nsmallest(_BACKLOG, (entry for entry in named if is_acceptable(entry.name))))
        strange = [entry.name for entry in named if not is_acceptable(entry.name)]
        for name in (*strange, *filter(self._matches, listing.strange)):
            self._quarantine.take(name, folder=folder, name=name, code="REF-005")

    def _matches(self, name: str) -> bool:
        return self._pattern.match(name) is not None

    def _waiting(self, folder: int) -> list[str]:
        """Claimed entries that nobody has in hand, oldest first: released, or inherited from a dead process."""
        waiting = []
        for entry in self._claim_path.iterdir():
            if entry.name.startswith(_MARKER):
                self._put_back(entry, folder)
            elif entry.name not in self._in_hand:
                waiting.append((entry.lstat().st_mtime_ns, entry.name))
        return [entry for _, entry in sorted(waiting)]

    def _taken(self, seen: Entry, folder: int) -> Iterable[SourceFile]:
        """Claim it, its end marker first: a marker left behind would vouch for the next file of that name."""
        if not _unchanged(seen, folder):
            return ()
        if self._completeness.is_a_guess and self._proof and not self._proof.holds(seen, folder):
            return ()
        marker = self._completeness.marker(seen.name)
        entry = tagged(seen.name)
        parked = self._claim_path / (_MARKER + entry)
        try:
            if marker is not None:
                os.rename(marker, parked, src_dir_fd=folder)
            os.rename(seen.name, self._claim_path / entry, src_dir_fd=folder)
        except FileNotFoundError:  # another process was faster
            return ()
        if marker is not None:
            parked.unlink()
        return self._offered(entry)

    def _put_back(self, parked: Path, folder: int) -> None:
        """A marker that was taken away when its file could not be, or before its process died.

        Only beside the file that it vouches for: one that stood alone would vouch for the next file of that name.
        """
        entry = parked.name.removeprefix(_MARKER)
        name = untagged(entry)
        marker = self._completeness.marker(name)
        claimed = os.path.lexists(self._claim_path / entry)
        if marker is not None and not claimed and _stands(name, folder):
            with contextlib.suppress(FileExistsError):
                os.link(parked, marker, dst_dir_fd=folder, follow_symlinks=False)
        parked.unlink(missing_ok=True)

    def _offered(self, entry: str) -> Iterable[SourceFile]:
        assert self._claims is not None
        file = ClaimedFile(
            self._claims, entry, in_hand=self._in_hand, quarantine=self._quarantine, archive=self._archive
        )
        if is_plain((self._claim_path / entry).lstat()):
            return (file,)
        file.quarantine("REF-005")
        return ()

    @property
    def _claim_path(self) -> Path:
        assert self._claims is not None
        return self._claims.path


def _unchanged(seen: Entry, folder: int) -> bool:
    try:
        return Entry.of(seen.name, os.stat(seen.name, dir_fd=folder, follow_symlinks=False)) == seen
    except FileNotFoundError:
        return False


def _stands(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
