"""Tables of what the server distributed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["distributions"]

distributions = Table(
    "distributions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("content", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
