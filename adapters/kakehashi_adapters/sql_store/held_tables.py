"""The schema of what is held until its day of enforcement: beside the links, read by nothing that shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Exists, Index, Integer, LargeBinary, Table, Text, exists, text

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = ["GOING_ON", "STILL_HELD", "enforcements", "held_links", "held_numbers", "holds_number"]

STILL_HELD = "ended_at IS NULL AND active_at IS NULL"
GOING_ON = "ended_at IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

held_numbers = Table(
    "held_numbers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("blind", LargeBinary, nullable=False),
    Column("key_id", Text),
    Column("number", LargeBinary),
    Column("reserved", Boolean, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("active_at", BigInteger),
    Index("ix_held_numbers_unified", "unified"),
    Index("ix_held_numbers_blind", "blind"),
    Index(
        "ix_held_numbers_held",
        "unified",
        unique=True,
        sqlite_where=text(STILL_HELD),
        postgresql_where=text(STILL_HELD),
    ),
    Index(
        "ix_held_numbers_one",
        "blind",
        unique=True,
        sqlite_where=text(STILL_HELD),
        postgresql_where=text(STILL_HELD),
    ),
    Index(
        "ix_held_numbers_active",
        "id",
        sqlite_where=text("active_at IS NOT NULL"),
        postgresql_where=text("active_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)
"""`reserved`: the 団体内統合宛名番号 was not told but is kept for the 個人番号. `ended_at`: another one took its place.
`active_at`: it is with the links now, and what follows has not begun yet; neither number nor digest is here any more.
"""


def holds_number(unified: Any) -> Exists:
    """A number of this person (a column of another table) waits for its day."""
    return exists().where(text(STILL_HELD), held_numbers.c.unified == unified)


held_links = Table(
    "held_links",
    metadata,
    Column("id", Key, primary_key=True),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("cause", Text),
    Column("actor", Text),
    Column("reason", Text),
    Index("ix_held_links_unified", "unified"),
    Index("ix_held_links_number", "system", "atena"),
    Index(
        "ix_held_links_held",
        "system",
        "atena",
        unique=True,
        sqlite_where=text(GOING_ON),
        postgresql_where=text(GOING_ON),
    ),
    sqlite_autoincrement=True,
)
"""Of persons whose 団体内統合宛名番号 are reserved, and such as a held number alone has made."""

enforcements = Table(
    "enforcements",
    metadata,
    Column("id", Key, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("active", BigInteger, nullable=False),
    Column("contradicted", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    sqlite_autoincrement=True,
)
"""When numbers became active, and how many."""
