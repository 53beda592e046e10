"""The schema of which refused records are of one household. Rows are only ever added, and none for other lanes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["household_members"]

household_members = Table(
    "household_members",
    metadata,
    Column("file_id", Key, primary_key=True),
    Column("household", BigInteger, primary_key=True),
    Column("exception_id", Key, ForeignKey("exceptions.id"), primary_key=True),
    Index("ix_household_members_exception_id", "exception_id"),
    sqlite_with_rowid=False,
)
