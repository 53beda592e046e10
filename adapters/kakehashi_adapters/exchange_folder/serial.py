"""The next free number of a day, given once to all processes that share a folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import date
from pathlib import Path

__all__ = ["SerialsUsedUp", "next_serial"]

_MODE = 0o640
_DIGITS = 12


class SerialsUsedUp(Exception):
    """The day has no number left."""


def next_serial(folder: Path, day: date, *, digits: int) -> int:
    """From 1; a number that was given before a crash is not given again. Raises OSError, and SerialsUsedUp."""
    name = f".serial-{day:%Y%m%d}"
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        given = int(os.pread(handle, _DIGITS, 0) or 0) + 1
        if given >= 10**digits:
            raise SerialsUsedUp
        os.pwrite(handle, f"{given:0{_DIGITS}}".encode(), 0)
        os.fdatasync(handle)
    finally:
        os.close(handle)
    if given == 1:
        _forget_others(folder, name)
    return given


def _forget_others(folder: Path, name: str) -> None:
    for path in folder.glob(".serial-*"):
        if path.name < name:
            with suppress(OSError):
                path.unlink()
