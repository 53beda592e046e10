"""Where refused files go: never back, each with its reason in a text file beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kakehashi.errors import Fault, Place
from kakehashi_adapters.file_drop.names import is_acceptable, printable, tagged

__all__ = ["Quarantine", "Refused"]

Refused = Callable[[Fault], None]
"""Told about every file that was moved aside, for the log."""


class Quarantine:
    """Raises OSError. Must lie on the file system of the drop folder: files are moved, not copied."""

    def __init__(self, folder: Path, refused: Refused | None) -> None:
        self.path = folder
        self._refused = refused

    def take(self, entry: str, *, folder: int, name: str, code: str) -> None:
        """Move `entry` of the open `folder`, whatever kind it is; `name` is what it was dropped as.

        Silent when the entry is gone: another process was faster.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.path / tagged(name if is_acceptable(name) else "file")
        try:
            os.rename(entry, target, src_dir_fd=folder)
        except FileNotFoundError:
            return
        fault = Fault(code, Place(file=name if is_acceptable(name) else printable(name)))
        reason = f"{fault.text('ja')}\n{fault.text('en')}\n"
        target.with_name(target.name + ".reason.txt").write_text(reason, encoding="utf-8")
        if self._refused is not None:
            self._refused(fault)
