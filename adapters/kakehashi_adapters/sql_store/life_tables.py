"""The schema of what the registry's extracts bring beside links: life events, and numbers that go back to it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["PENDING", "UNRETURNED", "life_events", "number_files", "number_returns"]

PENDING = "file_id IS NULL"
UNRETURNED = "returned_at IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

life_events = Table(
    "life_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("held", Boolean, nullable=False),
    UniqueConstraint("unified", "event", "since", "system", "atena"),
    sqlite_autoincrement=True,
)
"""What befell persons. `held`: not to be seen while a number of the person waits for its day."""

number_files = Table(
    "number_files",
    metadata,
    Column("id", Key, primary_key=True),
    Column("system", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("returned_at", BigInteger),
    Index(
        "ix_number_files_unreturned", "system", "id", sqlite_where=text(UNRETURNED), postgresql_where=text(UNRETURNED)
    ),
    sqlite_autoincrement=True,
)
"""Files of numbers for their owner systems: what is in one is settled before its first byte is written."""

number_returns = Table(
    "number_returns",
    metadata,
    Column("id", Key, primary_key=True),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("file_id", Key, ForeignKey("number_files.id")),
    Index("ix_number_returns_number", "system", "atena", "id"),
    Index("ix_number_returns_file_id", "file_id"),
    Index("ix_number_returns_pending", "system", "id", sqlite_where=text(PENDING), postgresql_where=text(PENDING)),
    sqlite_autoincrement=True,
)
"""団体内統合宛名番号 that were issued for numbers of a system, and in which file they went back to it."""
