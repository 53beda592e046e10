"""Tables of inquiries."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["inquiry_outcomes"]

inquiry_outcomes = Table(
    "inquiry_outcomes",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("records", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How the inquiries of a batch were answered."""
