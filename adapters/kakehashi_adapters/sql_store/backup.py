"""A copy of a SQLite ledger while others work on it, and its way back. A PostgreSQL server has tools of its own."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kakehashi.errors import ConfigurationError, Fault, StoreError, StoreUnavailable
from kakehashi_adapters.sql_store.database import Database, parse_url, sqlite_path
from kakehashi_adapters.sql_store.fault import translated
from kakehashi_adapters.sql_store.schema import check_known, check_pages, require_file, sync_folder

__all__ = ["back_up", "restore"]

_PARTS: Final = ("", "-wal", "-shm", "-journal")
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""Where SQLite's readers hold their locks in the file; in the mode with a write-ahead log every connection does."""


def back_up(url: str, to: Path) -> None:
    """One moment of the ledger, whole and checked, synced before it has its name.

    Raises StoreCorrupt, StoreUnavailable (also where the name is taken), ConfigurationError for PostgreSQL.
    """
    path = _file_of(url)
    require_file(path)
    if to.exists():
        raise StoreUnavailable
    unfinished = to.with_name(f".{to.name}.unfinished")
    translated(lambda: _copy(path, unfinished))
    _check(unfinished)
    translated(lambda: _name(unfinished, to))


def restore(url: str, backup: Path, *, now: datetime) -> list[Path]:
    """Put `backup` in the ledger's place; returns where what was there has been put aside.

    Raises StoreCorrupt for a damaged backup, StoreError(STO-004) for one of a newer version, STO-008 while anybody has
    the ledger open. The backup stays as it is.
    """
    path = _file_of(url)
    require_file(backup)
    _check(backup)
    if translated(lambda: _is_open(path)):
        raise StoreError("STO-008")
    unfinished = path.with_name(f".{path.name}.unfinished")
    translated(lambda: _copy(backup, unfinished))
    aside = translated(lambda: _put_aside(path, f"{path.name}.{now:%Y%m%d%H%M%S}"))
    translated(lambda: _name(unfinished, path))
    return aside


def _file_of(url: str) -> Path:
    path = sqlite_path(parse_url(url))
    if path is None:
        raise ConfigurationError([Fault("CFG-003", facts={"key": "store.url", "expected": "sqlite", "use": "pg_dump"})])
    return path


def _copy(source: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_connect(source, "ro")) as one, closing(_connect(to, "rw")) as other:
        one.backup(other)  # all pages in one step: of one moment, while others write


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True)


def _check(path: Path) -> None:
    database = Database(parse_url(f"sqlite:///{path}"), journal="DELETE")
    try:
        database.read(check_pages)
        database.read(check_known)
    finally:
        database.close()


def _name(unfinished: Path, to: Path) -> None:
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(to)
    sync_folder(to.parent)


def _put_aside(path: Path, name: str) -> list[Path]:
    found = [part for part in _PARTS if path.with_name(path.name + part).exists()]
    return [path.with_name(path.name + part).rename(path.with_name(name + part)) for part in found]


def _is_open(path: Path) -> bool:
    """Whether another process has the ledger open; works also for a damaged one."""
    if not path.exists():
        return False
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except BlockingIOError:
            return True
        fcntl.lockf(file, fcntl.LOCK_UN, _SHARED_SIZE, _SHARED_FIRST)
    return False
