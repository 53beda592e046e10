"""The schema of what is stopped, and of inquiries by person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["STANDING", "halts", "inquired"]

STANDING = "lifted_at IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

halts = Table(
    "halts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("action", Text, nullable=False),
    Column("of", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("lifted_at", BigInteger),
    Column("lifted_by", Text),
    Column("lift_reason", Text),
    Column("lift_sequence", BigInteger),
    Column("lift_done_at", BigInteger),
    Column("code", Text),
    Column("due", BigInteger),
    Column("version", BigInteger, nullable=False),
    Index(
        "ix_halts_standing",
        "of",
        "key",
        "action",
        unique=True,
        sqlite_where=text(STANDING),
        postgresql_where=text(STANDING),
    ),
    Index("ix_halts_key", "key"),
    Index("ix_halts_version", "version"),
    sqlite_autoincrement=True,
)

inquired = Table(
    "inquired",
    metadata,
    Column("person", Text, primary_key=True),
    Column("batch_id", Key, primary_key=True),
    Column("record_no", BigInteger, primary_key=True),
    Column("info_name", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Who was asked about in which batch: no content, no answer."""
