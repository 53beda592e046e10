"""The schema's version: made and raised by `migrate` alone, compared by everybody else.

A SQLite ledger that existed once never begins again empty: beside it lies a small file `<name>.present`, and where that
or a rest of the write-ahead log is found without the ledger, or the ledger is an empty file, this is StoreCorrupt.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, select, text

from kakehashi.errors import StoreCorrupt, StoreError, StoreUnavailable
from kakehashi_adapters.sql_store.database import Database, parse_url, sqlite_path
from kakehashi_adapters.sql_store.fault import translated
from kakehashi_adapters.sql_store.tables import HEAD, meta

__all__ = ["check", "check_known", "check_pages", "check_version", "migrate", "require_file", "sync_folder"]

_LOCK = 0x6B616B65  # "kake": serialises migrations of one PostgreSQL database
_REMAINS = ("-wal", "-journal", ".present")


def migrate(url: str) -> None:
    """Make the schema, or raise it to this program's version, in one transaction; any number of processes may try.

    Raises StoreError(STO-004) for a newer schema or a database of something else, StoreCorrupt where a ledger is gone.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None and not path.exists():
        translated(lambda: _create_file(path))
    require_file(path)
    database = Database(parsed)
    try:
        database.write(_upgrade)
        if path is not None:
            translated(lambda: _mark(path))
    finally:
        database.close()


def require_file(path: Path | None) -> None:
    """Raise StoreUnavailable for a ledger that was never made, StoreCorrupt for one that is gone or an empty file."""
    if path is None:
        return
    if not path.exists():
        raise StoreCorrupt if _remains(path) else StoreUnavailable
    if path.is_file() and path.stat().st_size == 0:
        raise StoreCorrupt


def check(database: Database) -> None:
    """Raise StoreCorrupt or StoreError(STO-004). Reads a whole SQLite file: about a second for a gigabyte."""
    database.read(check_version)
    if database.path is not None:
        database.read(check_pages)


def check_version(connection: Connection) -> None:
    """Raise StoreError(STO-004) unless the schema is the one that this program was written for."""
    found = _version(connection)
    if found != HEAD:
        raise StoreError("STO-004", found=found or "none", expected=HEAD)


def check_pages(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok":
        raise StoreCorrupt


def _version(connection: Connection) -> str | None:
    """None for a database without any table. Raises StoreError(STO-004) for one that is not ours."""
    names = inspect(connection).get_table_names()
    if not names:
        return None
    if not {"alembic_version", "meta"} <= set(names):
        raise StoreError("STO-004", found="foreign", expected=HEAD)
    product = connection.execute(select(meta.c.value).where(meta.c.name == "product")).scalar()
    if product != "kakehashi":
        raise StoreError("STO-004", found="foreign", expected=HEAD)
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def check_known(connection: Connection) -> str | None:
    """The schema's version, None for an empty database. Raises StoreError(STO-004) unless `migrate` can raise it."""
    found = _version(connection)
    if found in (None, HEAD):
        return found
    from kakehashi_adapters.sql_store.migrations.run import known_versions  # noqa: PLC0415  # alembic is slow to load

    if found not in known_versions():
        raise StoreError("STO-004", found=found, expected=HEAD)
    return found


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if check_known(connection) == HEAD:
        return
    from kakehashi_adapters.sql_store.migrations.run import upgrade  # noqa: PLC0415  # alembic is slow to load

    upgrade(connection)


def _remains(path: Path) -> bool:
    return any(path.with_name(path.name + suffix).exists() for suffix in _REMAINS)


def _create_file(path: Path) -> None:
    """Build the schema under another name and link it into place whole: a crash leaves no half-made ledger."""
    if _remains(path):
        raise StoreCorrupt
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        database = Database(URL.create("sqlite", database=name), journal="DELETE")
        try:
            database.write(_upgrade)
        finally:
            database.close()
        _link(Path(name), path)
    finally:
        Path(name).unlink()


def _link(made: Path, path: Path) -> None:
    try:
        os.link(made, path)
    except FileExistsError:
        return  # another process was faster; its ledger counts
    sync_folder(path.parent)


def _mark(path: Path) -> None:
    mark = path.with_name(f"{path.name}.present")
    if not mark.exists():
        mark.write_text("The ledger lies beside this file. If it does not, restore it; never start empty.\n", "utf-8")
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
