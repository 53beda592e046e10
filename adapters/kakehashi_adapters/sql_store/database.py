"""Connections and transactions: how SQLite and PostgreSQL are opened so that a commit is durable."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from kakehashi.errors import ConfigurationError, Fault, StoreUnavailable
from kakehashi_adapters.sql_store.fault import translated

__all__ = ["CACHE", "PATIENCE", "Database", "parse_url", "sqlite_path"]

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=30)
"""How long a call waits for a lock or a connection before the store counts as unavailable."""

CACHE: Final = 64
"""MiB of a SQLite file that each connection holds in memory: settling touches many scattered pages."""

_NOT_DURABLE: Final = (None, "", ":memory:")
_WRITE: Final = "kakehashi_write"
_PRAGMAS: Final = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",  # what is removed, such as a process number, is written over where it lay
    "wal_autocheckpoint=8000",  # pages: settling touches many scattered ones, a checkpoint writes each once
    "journal_size_limit=67108864",
)


def parse_url(text: str) -> URL:
    """A store URL: `sqlite:///path` or `postgresql://…`. Raises ConfigurationError for anything else."""
    try:
        url: URL | None = make_url(text)
    except ArgumentError:
        url = None
    if url is not None and url.drivername in ("postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url is not None and url.drivername in ("sqlite", "sqlite+pysqlite") and url.database not in _NOT_DURABLE:
        return url
    fault = Fault("CFG-003", facts={"key": "store.url", "expected": "sqlite:///path or postgresql://"})
    raise ConfigurationError([fault])


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for a server."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


class Database:
    """One database, opened: runs functions as transactions. Thread-safe. A SQLite file must exist."""

    def __init__(self, url: URL, *, patience: timedelta = PATIENCE, journal: str = "WAL", cache: int = CACHE) -> None:
        self._path = sqlite_path(url)
        self._patience = patience.total_seconds()
        self._engine = (
            _postgresql(url, self._patience)
            if self._path is None
            else _sqlite(url, self._path, self._patience, {"journal_mode": journal, "cache_size": -1024 * cache})
        )
        # Writers of one process queue here: SQLite's own waiting is by sleeping and would let some of them starve.
        self._writing = threading.Lock() if self._path is not None else None
        self._closed = False

    @property
    def path(self) -> Path | None:
        return self._path

    def read(self, work: Callable[[Connection], T]) -> T:
        return translated(lambda: self._run(work, nullcontext(), write=False))

    def write(self, work: Callable[[Connection], T]) -> T:
        """One durable transaction, rolled back when `work` raises."""
        return translated(lambda: self._run(work, self._turn(), write=True))

    def _run(self, work: Callable[[Connection], T], turn: AbstractContextManager[None], *, write: bool) -> T:
        if self._closed:
            raise StoreUnavailable
        with turn, self._engine.connect().execution_options(**{_WRITE: write}) as connection, connection.begin():
            return work(connection)

    @contextmanager
    def _turn(self) -> Any:
        if self._writing is None:
            yield
            return
        if not self._writing.acquire(timeout=self._patience):
            raise StoreUnavailable
        try:
            yield
        finally:
            self._writing.release()

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()


def _sqlite(url: URL, path: Path, patience: float, pragmas: Mapping[str, str | int]) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that is gone is an error, never a new empty ledger
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in (*(f"{name}={value}" for name, value in pragmas.items()), *_PRAGMAS):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(url, creator=connect, pool_size=20, max_overflow=20, pool_timeout=patience)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock at once: a reader that turns writer half-way would fail instead of waiting.
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL, patience: float) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=20,
            max_overflow=20,
            pool_timeout=patience,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        engine = None
    if engine is None:
        raise ConfigurationError([Fault("CFG-005", facts={"key": "store.url", "install": "kakehashi[postgresql]"})])

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.autocommit = True
        # whatever the server's default is: a commit that returned is on the disk
        connection.execute("SET synchronous_commit TO on")
        connection.execute(f"SET lock_timeout TO {round(patience * 1000)}")
        connection.autocommit = False

    return engine
