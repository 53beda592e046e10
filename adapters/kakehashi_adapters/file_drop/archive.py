"""Where taken files go when their owner wants to keep the originals: a folder a day, for so many days."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

__all__ = ["Archive"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Archive:
    """Raises OSError. Must lie on the file system of the drop folder: files are moved, not copied."""

    def __init__(self, folder: Path, *, keep: timedelta, today: Callable[[], date]) -> None:
        self.path = folder
        self._keep = keep
        self._today = today
        self._swept: date | None = None

    def take(self, file: Path) -> None:
        """Move `file` here under its tagged name. Silent when it is gone: another process was faster."""
        today = self._today()
        folder = self.path / today.isoformat()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            file.rename(folder / file.name)
        if self._swept != today:
            self._sweep(today)
            self._swept = today

    def _sweep(self, today: date) -> None:
        """Days that are past keeping go, whole; whatever else lies there is not ours."""
        for path in self.path.iterdir():
            if _DAY.fullmatch(path.name) and date.fromisoformat(path.name) + self._keep < today:
                shutil.rmtree(path, ignore_errors=True)
