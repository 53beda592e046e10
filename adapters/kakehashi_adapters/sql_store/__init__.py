"""The ledger and the links in a SQL database: SQLite for one machine, PostgreSQL for several.

Call `migrate(url)` once at the start of a program; `open_store` and `open_links` never change a schema.
"""

from __future__ import annotations

from kakehashi_adapters.sql_store.database import Database, parse_url, sqlite_path
from kakehashi_adapters.sql_store.links import SqlLinkStore
from kakehashi_adapters.sql_store.schema import check_version, migrate, require_file
from kakehashi_adapters.sql_store.store import SqlStore

__all__ = ["SqlLinkStore", "SqlStore", "migrate", "open_links", "open_store"]


def open_store(url: str) -> SqlStore:
    """The ledger at `sqlite:///path` or `postgresql://…`, its schema version compared.

    Raises ConfigurationError (URL), StoreUnavailable (no such file or server), StoreCorrupt, StoreError(STO-004).
    """
    return SqlStore(_open(url))


def open_links(url: str) -> SqlLinkStore:
    """As `open_store`, for the links; both may be in one database."""
    return SqlLinkStore(_open(url))


def _open(url: str) -> Database:
    parsed = parse_url(url)
    require_file(sqlite_path(parsed))
    database = Database(parsed)
    try:
        database.read(check_version)
    except BaseException:
        database.close()
        raise
    return database
