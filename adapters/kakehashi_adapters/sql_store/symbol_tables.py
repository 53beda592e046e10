"""The schema of symbol acquisition. A process number stands here sealed, while its acquisition lives."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, false, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["DUE", "LIVE", "UNCOVERED", "acquisitions", "symbol_waits"]

LIVE = "state NOT IN ('linked', 'failed', 'expired', 'cancelled', 'released', 'relinked')"
DUE = "due IS NOT NULL"
UNCOVERED = "acquisition_id IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

acquisitions = Table(
    "acquisitions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("key_id", Text),
    Column("number", LargeBinary),
    Column("expires_at", BigInteger),
    Column("code", Text),
    Column("server_code", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("task", Text, nullable=False, server_default="acquire"),
    Column("heir", Text),
    Column("anew", Boolean, nullable=False, server_default=false()),
    Column("said", Text),
    Column("actor", Text),
    Column("reason", Text),
    Index("ix_acquisitions_live", "person", unique=True, sqlite_where=text(LIVE), postgresql_where=text(LIVE)),
    Index("ix_acquisitions_person", "person"),
    Index("ix_acquisitions_due", "rank", "due", sqlite_where=text(DUE), postgresql_where=text(DUE)),
    Index("ix_acquisitions_state", "state"),
    sqlite_autoincrement=True,
)

symbol_waits = Table(
    "symbol_waits",
    metadata,
    Column("exception_id", Key, ForeignKey("exceptions.id"), primary_key=True, autoincrement=False),
    Column("person", Text, nullable=False),
    Column("acquisition_id", Key, ForeignKey("acquisitions.id")),
    Index("ix_symbol_waits_person", "person"),
    Index("ix_symbol_waits_acquisition_id", "acquisition_id"),
    Index("ix_symbol_waits_uncovered", "exception_id", sqlite_where=text(UNCOVERED), postgresql_where=text(UNCOVERED)),
)
"""Records that wait for a symbol, and the acquisition that they wait for."""
