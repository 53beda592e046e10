"""One look into a drop folder, without opening anything in it."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from kakehashi_adapters.file_drop.claimed_file import is_plain
from kakehashi_adapters.file_drop.completeness import Entry
from kakehashi_adapters.file_drop.names import is_temporary

__all__ = ["Listing", "look"]


@dataclass(frozen=True, slots=True)
class Listing:
    """`files` are plain; `strange` are names of links, pipes, devices, folders and files with a second name.

    `twice` are inodes that had a second name: some writers publish by link and unlink, so they get one more look.
    """

    files: tuple[Entry, ...]
    strange: tuple[str, ...]
    twice: frozenset[int]


def look(folder: int, *, twice_before: Collection[int], passed_over: Collection[int]) -> Listing:
    """`passed_over` are the inodes of our own folders inside the drop folder. Raises OSError."""
    files, strange, twice = [], [], set()
    with os.scandir(folder) as entries:
        for found in entries:
            try:
                status = found.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if is_plain(status):
                files.append(Entry.of(found.name, status))
            elif is_temporary(found.name) or status.st_ino in passed_over:
                continue
            elif found.is_file(follow_symlinks=False) and status.st_ino not in twice_before:
                twice.add(status.st_ino)
            else:
                strange.append(found.name)
    return Listing(tuple(files), tuple(strange), frozenset(twice))
