"""The schema of what was said to the server about records of exchanges. Rows are only ever added, and ended."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["OPEN", "withholdings"]

OPEN = "ended_at IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

withholdings = Table(
    "withholdings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("withheld", Text),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("code", Text),
    Column("server_code", Text),
    Index(
        "ix_withholdings_open",
        "record_id",
        unique=True,
        sqlite_where=text(OPEN),
        postgresql_where=text(OPEN),
    ),
    Index("ix_withholdings_person", "person"),
    sqlite_autoincrement=True,
)
