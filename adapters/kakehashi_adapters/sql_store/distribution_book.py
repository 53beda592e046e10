"""The part of the Store that keeps distributions of the server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from kakehashi.ports.distributions import DistributionRow
from kakehashi_adapters.sql_store.distribution_tables import distributions
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.symbol_book import SqlSymbolBook

__all__ = ["SqlDistributionBook"]

_NEWEST = select(distributions).order_by(distributions.c.id.desc()).limit(1)


class SqlDistributionBook(SqlSymbolBook):
    """See `kakehashi.ports.distributions.DistributionBook`."""

    def keep_distribution(self, content: str, *, now: datetime) -> bool:
        return self._write(lambda c: _keep(c, content, at=to_store(now)))

    def distribution(self) -> DistributionRow | None:
        return self._read(_newest)


def _keep(connection: Connection, content: str, *, at: int) -> bool:
    """Two that ask at once may both keep the same: then it stands twice, and says the same."""
    newest = connection.execute(_NEWEST).one_or_none()
    if newest is not None and newest.content == content:
        connection.execute(update(distributions).where(distributions.c.id == newest.id).values(seen_at=at))
        return False
    connection.execute(insert(distributions).values(content=content, received_at=at, seen_at=at))
    return True


def _newest(connection: Connection) -> DistributionRow | None:
    row = connection.execute(_NEWEST).one_or_none()
    if row is None:
        return None
    values = row._asdict()
    values["received_at"], values["seen_at"] = from_store(row.received_at), from_store(row.seen_at)
    return DistributionRow(**values)
