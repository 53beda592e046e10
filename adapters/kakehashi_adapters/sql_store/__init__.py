"""The ledger and the links in a SQL database: SQLite for one machine, PostgreSQL for several.

Call `migrate(url)` once at the start of a program; `open_store` and `open_links` never change a schema.
"""

from __future__ import annotations

from datetime import timedelta

from kakehashi_adapters.sql_store.database import CACHE, PATIENCE, Database, parse_url, sqlite_path
from kakehashi_adapters.sql_store.links import SqlLinkStore
from kakehashi_adapters.sql_store.schema import check_version, migrate, require_file
from kakehashi_adapters.sql_store.store import SqlStore

__all__ = ["CACHE", "SqlLinkStore", "SqlStore", "migrate", "open_links", "open_store"]


def open_store(url: str, *, patience: timedelta = PATIENCE, cache: int = CACHE) -> SqlStore:
    """The ledger at `sqlite:///path` or `postgresql://…`, its schema version compared.

    `patience`: how long a call waits for a lock or a connection before it raises StoreUnavailable;
    `cache`: MiB of a SQLite file that a connection holds in memory.
    Raises ConfigurationError (URL), StoreUnavailable (no such file or server), StoreCorrupt, StoreError(STO-004).
    """
    return SqlStore(_open(url, patience, cache))


def open_links(url: str, *, patience: timedelta = PATIENCE, cache: int = CACHE) -> SqlLinkStore:
    """As `open_store`, for the links; both may be in one database."""
    return SqlLinkStore(_open(url, patience, cache))


def _open(url: str, patience: timedelta, cache: int) -> Database:
    parsed = parse_url(url)
    require_file(sqlite_path(parsed))
    database = Database(parsed, patience=patience, cache=cache)
    try:
        database.read(check_version)
    except BaseException:
        database.close()
        raise
    return database
