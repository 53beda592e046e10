"""Sequences: given once each, in the order of `kakehashi.domain.sequence`, and what they were given to."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.sequence import ORDINARY, SECOND, next_place, none_of
from kakehashi.ports.ledger import FileRow
from kakehashi_adapters.sql_store.rows import FILE, file_row
from kakehashi_adapters.sql_store.tables import files, sequences

__all__ = ["next_sequences", "origin_of", "pass_over_known"]

_BEGIN = {
    "sqlite": sqlite.insert(sequences).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(sequences).on_conflict_do_nothing(),
}

_OF_SECOND = case((files.c.as_of.is_(None), ORDINARY), else_=files.c.before_first // SECOND)
_GIVEN = select(_OF_SECOND, func.max(files.c.before_first + files.c.records)).group_by(_OF_SECOND)


def next_sequences(connection: Connection, count: int, *, at: datetime, extract: bool) -> int:
    second, first = next_place(partial(_last, connection), count, at=at, extract=extract)
    return _give(connection, second, first, count)


def _last(connection: Connection, second: int) -> int:
    """The last that was given of it; nobody else gives one until our transaction ends."""
    connection.execute(_BEGIN[connection.dialect.name], {"second": second, "last": none_of(second)})
    query = select(sequences.c.last).where(sequences.c.second == second).with_for_update()
    return int(connection.execute(query).scalar_one())


def _give(connection: Connection, second: int, first: int, count: int) -> int:
    connection.execute(update(sequences).where(sequences.c.second == second).values(last=first + count - 1))
    return first


def pass_over_known(connection: Connection) -> None:
    """A file that was taken again has its old ones: they are not given a second time."""
    for second, last in connection.execute(_GIVEN).all():
        _give(connection, second, max(_last(connection, second), last), 1)


def origin_of(connection: Connection, sequence: int) -> tuple[FileRow, int] | None:
    query = select(*FILE).where(files.c.before_first < sequence).order_by(files.c.before_first.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None or sequence > row.before_first + row.records:
        return None
    return file_row(row), sequence - row.before_first
