"""The schema of inquiries that wait for our decision, and of every step of each. Steps are only ever added."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["DUE", "provision_entries", "provisions"]

DUE = "due IS NOT NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

provisions = Table(
    "provisions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("provision_id", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("info_name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("affair", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("non_disclosure", Boolean, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("generation", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("voices", Text, nullable=False),
    Column("code", Text),
    Column("server_code", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),
    UniqueConstraint("provision_id", name="uq_provisions_provision_id"),
    Index("ix_provisions_state", "state", "deadline"),
    Index("ix_provisions_person", "person"),
    Index("ix_provisions_due", "due", sqlite_where=text(DUE), postgresql_where=text(DUE)),
    sqlite_autoincrement=True,
)

provision_entries = Table(
    "provision_entries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("provision", Key, ForeignKey("provisions.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("code", Text),
    Column("server_code", Text),
    Column("request_id", Text),
    Index("ix_provision_entries_provision", "provision", "id"),
    sqlite_autoincrement=True,
)
