"""A ledger that was restored from an older backup: what it does not know, or may not know, of its own files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, literal_column, select, text, update

from kakehashi.ports.ledger import FileRow, NewBatch, NewFile
from kakehashi_adapters.sql_store.intake import add_file, raise_newest_file_id
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.sequences import pass_over_known
from kakehashi_adapters.sql_store.tables import UNHEARD, batches, decisions, files

__all__ = ["end_restore", "retake", "unknown_spools"]

_KNOWN = select(files.c.spool).where(files.c.spool.in_(bindparam("names", expanding=True)))
_DOUBT = update(batches).values(state="sent", due=bindparam("now"), updated_at=bindparam("now"))
_DOUBT_NEW = _DOUBT.where(batches.c.state == literal_column("'new'"))
_DOUBT_QUEUED = _DOUBT.where(batches.c.state == literal_column("'queued'"))
_DUE = update(batches).where(text(UNHEARD)).values(due=bindparam("now"))
_DOUBT_FILE = _DOUBT_NEW.where(batches.c.file_id == bindparam("file"))


def unknown_spools(connection: Connection, names: Sequence[str]) -> list[str]:
    known: set[str] = set()
    for some in portions(names):
        known.update(connection.execute(_KNOWN, {"names": some}).scalars())
    return [name for name in names if name not in known]


def retake(
    connection: Connection,
    file: NewFile,
    new: Sequence[NewBatch],
    *,
    request_ids: Sequence[str],
    reason: str,
    actor: str,
    now: datetime,
) -> FileRow:
    row = add_file(connection, file, new, request_ids=request_ids)
    connection.execute(_DOUBT_FILE, {"file": row.id, "now": to_store(now)})
    values = {"at": to_store(now), "actor": actor, "action": "retake", "reason": reason, "file_id": row.id}
    connection.execute(insert(decisions), values)
    return row


def end_restore(connection: Connection, *, newest_file_id: int, now: datetime) -> int:
    raise_newest_file_id(connection, newest_file_id)
    pass_over_known(connection)
    at = {"now": to_store(now)}
    doubted = sum(connection.execute(each, at).rowcount for each in (_DOUBT_NEW, _DOUBT_QUEUED))
    connection.execute(_DUE, at)
    return doubted
