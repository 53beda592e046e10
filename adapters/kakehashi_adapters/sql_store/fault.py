"""Foreign exceptions end here: their class and error code decide, their text is dropped, for it may hold values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import exc

from kakehashi.errors import StoreCorrupt, StoreError, StoreUnavailable

__all__ = ["CLASSES", "FOREIGN", "is_unique_violation", "translate", "translated"]

T = TypeVar("T")

CLASSES: Final[dict[type[Exception], type[StoreError]]] = {
    exc.OperationalError: StoreUnavailable,
    exc.InterfaceError: StoreUnavailable,
    exc.InternalError: StoreError,
    exc.IntegrityError: StoreError,
    exc.ProgrammingError: StoreError,
    exc.DataError: StoreError,
    exc.NotSupportedError: StoreError,
    exc.DatabaseError: StoreError,
    exc.DBAPIError: StoreError,
    exc.TimeoutError: StoreUnavailable,  # no connection of the pool became free
    exc.DisconnectionError: StoreUnavailable,
    exc.SQLAlchemyError: StoreError,
    sqlite3.Error: StoreError,
    OSError: StoreUnavailable,
}
"""What a class means when the database gave no code; the nearest base class counts."""

FOREIGN: Final = (exc.SQLAlchemyError, sqlite3.Error, OSError)

_SQLITE: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_BUSY: StoreUnavailable,
    sqlite3.SQLITE_LOCKED: StoreUnavailable,
    sqlite3.SQLITE_FULL: StoreUnavailable,
    sqlite3.SQLITE_CANTOPEN: StoreUnavailable,
    sqlite3.SQLITE_READONLY: StoreUnavailable,
    sqlite3.SQLITE_PERM: StoreUnavailable,
    sqlite3.SQLITE_PROTOCOL: StoreUnavailable,
    sqlite3.SQLITE_CORRUPT: StoreCorrupt,
    sqlite3.SQLITE_NOTADB: StoreCorrupt,
}
"""By primary code. A failed write or fsync (IOERR) stays a StoreError: after one, nothing may simply be tried again."""

_SQLITE_EXTENDED: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_IOERR_SHMSIZE: StoreUnavailable,  # the disk is too full for the shared index of the WAL
    sqlite3.SQLITE_IOERR_SHORT_READ: StoreCorrupt,
}

_POSTGRESQL: Final[dict[str, type[StoreError]]] = {
    "XX001": StoreCorrupt,  # data_corrupted
    "XX002": StoreCorrupt,  # index_corrupted
    "08": StoreUnavailable,  # connection
    "28": StoreUnavailable,  # authorization
    "3D": StoreUnavailable,  # no such database
    "40": StoreUnavailable,  # deadlock, serialization
    "53": StoreUnavailable,  # disk full, memory, too many connections
    "55": StoreUnavailable,  # lock not available
    "57": StoreUnavailable,  # shut down, cancelled
}
"""By SQLSTATE, then by its class (first two characters)."""


def translate(error: BaseException) -> StoreError:
    """The store's own error for a foreign one; `database` names the database's error code."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error) and hasattr(original, "sqlite_errorcode"):
        code = original.sqlite_errorcode
        kind = _SQLITE_EXTENDED.get(code) or _SQLITE.get(code & 0xFF, StoreError)
        return kind(database=original.sqlite_errorname)
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return (_POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2], StoreError))(database=state)
    kinds = (CLASSES[parent] for parent in type(error).__mro__ if parent in CLASSES)
    return next(kinds, StoreError)()


def translated(work: Callable[[], T]) -> T:
    """Call `work`; a foreign exception of it is raised as the store's own, without a trace of the other."""
    try:
        return work()
    except FOREIGN as error:
        problem = translate(error)
    raise problem  # outside the handler: the foreign exception must not travel along as __context__


def is_unique_violation(error: exc.IntegrityError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE or getattr(error.orig, "sqlstate", None) == "23505"
