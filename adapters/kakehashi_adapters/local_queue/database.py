"""The SQLite file: schema, transactions, and every sqlite3 error turned into one of ours."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, BrokerUnavailable

__all__ = ["Database", "translate"]

_VERSION = 2
_BUSY_MILLISECONDS = 10_000

# `messages` is narrow and `bodies` stands apart, so that handing out and taking back never rewrites a body.
# `due`: when a delay ends; 0 when it has ended; NULL without a delay.
# AUTOINCREMENT: a position is never used twice, so that an old tag can never name a new message.
_SCHEMA = (
    "CREATE TABLE lanes (lane TEXT PRIMARY KEY, in_order INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    "CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, expires REAL NOT NULL)",
    """CREATE TABLE messages (
        position INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, owner INTEGER, due REAL,
        returns INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TABLE bodies (position INTEGER PRIMARY KEY, id TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL)",
    """CREATE TABLE dead (
        position INTEGER PRIMARY KEY, lane TEXT NOT NULL, code TEXT NOT NULL, id TEXT NOT NULL,
        headers TEXT NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX ready ON messages (lane, owner, due, position)",
    "CREATE INDEX delayed ON messages (due) WHERE due IS NOT NULL",
    "CREATE INDEX held ON messages (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX dead_lane ON dead (lane)",
    f"PRAGMA user_version = {_VERSION}",
)

_PRIMARY: dict[int, type[BrokerError]] = {
    sqlite3.SQLITE_FULL: BrokerBlocked,
    sqlite3.SQLITE_BUSY: BrokerUnavailable,
    sqlite3.SQLITE_LOCKED: BrokerUnavailable,
    sqlite3.SQLITE_IOERR: BrokerUnavailable,
    sqlite3.SQLITE_INTERRUPT: BrokerUnavailable,
    sqlite3.SQLITE_NOMEM: BrokerUnavailable,
    sqlite3.SQLITE_PROTOCOL: BrokerUnavailable,
    sqlite3.SQLITE_CANTOPEN: BrokerMisconfigured,
    sqlite3.SQLITE_READONLY: BrokerMisconfigured,
    sqlite3.SQLITE_PERM: BrokerMisconfigured,
    sqlite3.SQLITE_AUTH: BrokerMisconfigured,
    sqlite3.SQLITE_TOOBIG: BrokerMisconfigured,
}


def translate(error: sqlite3.Error | OSError) -> BrokerError:
    """A catalogued error with SQLite's or the system's code, never its text."""
    if isinstance(error, OSError):
        return BrokerMisconfigured("BRK-004", errno=error.errno or 0)
    if isinstance(error, sqlite3.ProgrammingError):  # the connection was closed by another thread
        return BrokerUnavailable()
    code = getattr(error, "sqlite_errorcode", None)
    kind = _PRIMARY.get((code or 0) & 0xFF, BrokerError)
    return kind(sqlite=getattr(error, "sqlite_errorname", "unknown"))


class Database:
    """One connection, usable from several threads in turn. Every commit is on the disk when it returns."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                folder / "queue.sqlite3",
                isolation_level=None,
                check_same_thread=False,
                timeout=_BUSY_MILLISECONDS / 1000,
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA journal_size_limit = 67108864")
        except (sqlite3.Error, OSError) as error:
            raise translate(error) from None
        self._prepare()

    def _prepare(self) -> None:
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA:
                    connection.execute(statement)
            elif version == 1:
                connection.execute("ALTER TABLE lanes ADD COLUMN in_order INTEGER NOT NULL DEFAULT 0")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise BrokerMisconfigured("BRK-004", queue="queue.sqlite3", version=version)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end of the block; other writers wait."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The bare connection; each statement is a transaction of its own."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise translate(error) from None

    def changes(self) -> int:
        """A number that moves whenever another connection, of any process, has committed. Costs microseconds."""
        with self.reading() as connection:
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
            return version

    def close(self) -> None:
        with self._lock:
            self._connection.close()
