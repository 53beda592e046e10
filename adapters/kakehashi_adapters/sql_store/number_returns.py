"""Numbers that go back to their systems, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from sqlalchemy import Connection, Select, bindparam, func, insert, select, text, tuple_, update

from kakehashi.ports.link_rules import number_day_of
from kakehashi.ports.links import LinkRow
from kakehashi.ports.number_returns import NumberFile, NumberRow
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.held_tables import holds_number
from kakehashi_adapters.sql_store.life_tables import PENDING, UNRETURNED, number_files, number_returns
from kakehashi_adapters.sql_store.link_tables import links
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["SqlNumberReturns", "tell_numbers"]

T = TypeVar("T")

_LAST: Final = select(number_returns.c.system, number_returns.c.atena, number_returns.c.unified).where(
    number_returns.c.id.in_(
        select(func.max(number_returns.c.id))
        .where(tuple_(number_returns.c.system, number_returns.c.atena).in_(bindparam("keys", expanding=True)))
        .group_by(number_returns.c.system, number_returns.c.atena)
    )
)
_OPEN: Final = (
    select(number_files.c.id, number_files.c.made_at)
    .where(number_files.c.system == bindparam("system"), text(UNRETURNED))
    .order_by(number_files.c.id)
    .limit(1)
)


def tell_numbers(connection: Connection, rows: Sequence[LinkRow], *, now: datetime) -> None:
    """Rows that were taken: those with news are to be told, unless their system was told the same last."""
    news = {(row.system, row.atena): row for row in rows if row.news}
    if not news:
        return
    last = {(system, atena): unified for system, atena, unified in connection.execute(_LAST, {"keys": list(news)})}
    values = [
        {
            "system": row.system,
            "atena": row.atena,
            "unified": row.unified,
            "since": number_day_of(row, now).toordinal(),
            "recorded_at": to_store(now),
        }
        for key, row in news.items()
        if last.get(key) != row.unified
    ]
    if values:
        connection.execute(insert(number_returns), values)


class SqlNumberReturns:
    """See `kakehashi.ports.number_returns.NumberReturns`. `_database`, `_write`: of the class that takes it in."""

    _database: Database

    def _write(self, work: Callable[[Connection], T]) -> T:
        raise NotImplementedError

    def number_file(self, system: str, *, most: int, now: datetime) -> NumberFile | None:
        waits = self._database.read(
            lambda c: c.execute(_OPEN, {"system": system}).first() or c.execute(_pending(system, 1)).first()
        )
        if waits is None:
            return None  # asked ever and again: without the writers' lock
        return self._write(lambda c: _file(c, system, most, now))

    def mark_numbers(self, file_id: int, *, now: datetime) -> bool:
        mine = (number_files.c.id == file_id) & text(UNRETURNED)
        mark = update(number_files).where(mine).values(returned_at=to_store(now))
        return bool(self._write(lambda c: c.execute(mark).rowcount))


def _pending(system: str, most: int) -> Select[tuple[int]]:
    """Numbers to be told whose link stands and is not frozen; of whose person no 個人番号 waits for its day."""
    stands = (
        (links.c.system == number_returns.c.system)
        & (links.c.atena == number_returns.c.atena)
        & (links.c.unified == number_returns.c.unified)
        & ~links.c.frozen
    )
    query = select(number_returns.c.id).join(links, stands)
    query = query.where(number_returns.c.system == system, text(PENDING), ~holds_number(number_returns.c.unified))
    return query.order_by(number_returns.c.id).limit(most)


def _file(connection: Connection, system: str, most: int, now: datetime) -> NumberFile | None:
    found = connection.execute(_OPEN, {"system": system}).first()
    if found is None:
        numbers = connection.execute(_pending(system, most)).scalars().all()
        if not numbers:
            return None
        made = insert(number_files).values(system=system, made_at=to_store(now)).returning(number_files.c.id)
        file_id, made_at = connection.execute(made).scalar_one(), now
        for portion in portions(numbers):
            mine = update(number_returns).where(number_returns.c.id.in_(portion))
            connection.execute(mine.values(file_id=file_id))
    else:
        file_id, made_at = found.id, from_store(found.made_at)
    query = select(number_returns).where(number_returns.c.file_id == file_id).order_by(number_returns.c.id)
    rows = [NumberRow(row.atena, row.unified, date.fromordinal(row.since)) for row in connection.execute(query)]
    return NumberFile(id=file_id, made_at=made_at, rows=rows)
