"""Whether a file whose completeness is a guess proves itself complete: by its own end, its counts and totals."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from kakehashi.errors import Fault
from kakehashi_adapters.file_drop.completeness import Entry

__all__ = ["Proof"]

_MOST = 1000


class Proof:
    """`unproved(name, stream)` says what is missing; `incomplete` is told of it, once while the file stays the same.

    The file is read where it lies, so that its writer can go on writing: nothing of it is taken. Raises OSError.
    """

    def __init__(
        self, unproved: Callable[[str, BinaryIO], Fault | None], *, incomplete: Callable[[Fault], None]
    ) -> None:
        self._unproved = unproved
        self._incomplete = incomplete
        self._refuted: dict[str, Entry] = {}

    def holds(self, seen: Entry, folder: int) -> bool:
        """False as well when the file was changed or replaced since it was seen."""
        if self._refuted.get(seen.name) == seen:
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(seen.name, flags, dir_fd=folder)
        except FileNotFoundError:
            return False
        with os.fdopen(file, "rb") as stream:
            if Entry.of(seen.name, os.fstat(file)) != seen:
                return False
            fault = self._unproved(seen.name, stream)
            if Entry.of(seen.name, os.fstat(file)) != seen:
                return False
        if fault is None:
            self._refuted.pop(seen.name, None)
            return True
        if len(self._refuted) >= _MOST:
            self._refuted.clear()
        self._refuted[seen.name] = seen
        self._incomplete(fault)
        return False
