"""The schema of the links: days as ordinals, times as in the ledger's tables."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kakehashi_adapters.sql_store.tables import Key, metadata

__all__ = [
    "MISTAKEN",
    "STANDING",
    "UNDECIDED",
    "link_conflicts",
    "link_forms",
    "link_history",
    "link_looks",
    "links",
    "match_reviews",
    "merges",
    "number_history",
    "number_serials",
    "person_forms",
    "persons",
    "released_numbers",
    "unlinked",
]

UNDECIDED = "decision IS NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

MISTAKEN = 1
"""The end of what never was so: the first of all days."""

STANDING = "undone_at IS NULL"
"""As UNDECIDED."""

links = Table(
    "links",
    metadata,
    Column("system", Text, primary_key=True),
    Column("atena", Text, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    Column("since", Integer),
    Column("frozen", Boolean, nullable=False, server_default=text("false")),
    Index("ix_links_unified", "unified"),
    sqlite_with_rowid=False,
)
"""What holds now."""

persons = Table(
    "persons",
    metadata,
    Column("unified", Text, primary_key=True),
    Column("blind", LargeBinary, nullable=False),
    Column("key_id", Text),
    Column("number", LargeBinary),
    Column("since", Integer),
    Column("recorded_at", BigInteger),
    UniqueConstraint("blind"),
    sqlite_with_rowid=False,
)
"""Who has which 個人番号 now; without `number`: it was asked for and is not sealed yet."""

link_history = Table(
    "link_history",
    metadata,
    Column("id", Key, primary_key=True),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("since", Integer),
    Column("recorded_at", BigInteger, nullable=False),
    Column("until", Integer, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Index("ix_link_history_number", "system", "atena"),
    Index("ix_link_history_unified", "unified"),
    sqlite_autoincrement=True,
)
"""What held once."""

number_history = Table(
    "number_history",
    metadata,
    Column("id", Key, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("blind", LargeBinary, nullable=False),
    Column("key_id", Text),
    Column("number", LargeBinary),
    Column("since", Integer),
    Column("recorded_at", BigInteger),
    Column("until", Integer, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Index("ix_number_history_blind", "blind"),
    Index("ix_number_history_unified", "unified"),
    sqlite_autoincrement=True,
)

released_numbers = Table(
    "released_numbers",
    metadata,
    Column("unified", Text, primary_key=True),
    Column("released_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Numbers that nobody else ever gets."""

link_conflicts = Table(
    "link_conflicts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("claim", LargeBinary, nullable=False),
    Column("known", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("blind", LargeBinary),
    Column("key_id", Text),
    Column("number", LargeBinary),
    Column("since", Integer),
    Column("changed", Boolean, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("decision", Text),
    Column("decided_at", BigInteger),
    Column("actor", Text),
    Column("reason", Text),
    UniqueConstraint("claim"),
    Index("ix_link_conflicts_known", "known", sqlite_where=text(UNDECIDED), postgresql_where=text(UNDECIDED)),
    Index("ix_link_conflicts_unified", "unified", sqlite_where=text(UNDECIDED), postgresql_where=text(UNDECIDED)),
    sqlite_autoincrement=True,
)

unlinked = Table(
    "unlinked",
    metadata,
    Column("system", Text, primary_key=True),
    Column("atena", Text, primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""利用番号 that came in without a link; one that was linked since counts no longer."""

link_looks = Table(
    "link_looks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Index("ix_link_looks_number", "system", "atena"),
    sqlite_autoincrement=True,
)

number_serials = Table(
    "number_serials",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The serial of the last 団体内統合宛名番号 that was issued; never set back."""

person_forms = Table(
    "person_forms",
    metadata,
    Column("unified", Text, primary_key=True),
    Column("form", LargeBinary, nullable=False),
    Column("digest_id", Text, nullable=False),
    Column("key_id", Text),
    Column("sealed", LargeBinary),  # the address data itself, in full mode only
    Column("recorded_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How the registry describes a person: keyed digests."""

link_forms = Table(
    "link_forms",
    metadata,
    Column("system", Text, primary_key=True),
    Column("atena", Text, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("form", LargeBinary, nullable=False),
    Column("digest_id", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How a system describes the person whom its number stands for."""

match_reviews = Table(
    "match_reviews",
    metadata,
    Column("id", Key, primary_key=True),
    Column("claim", LargeBinary, nullable=False),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("differ", Text, nullable=False),
    Column("batch_id", Key),
    Column("record_no", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("decision", Text),
    Column("decided_at", BigInteger),
    Column("actor", Text),
    Column("reason", Text),
    Column("members", Text),
    UniqueConstraint("claim"),
    Index("ix_match_reviews_open", "id", sqlite_where=text(UNDECIDED), postgresql_where=text(UNDECIDED)),
    sqlite_autoincrement=True,
)

merges = Table(
    "merges",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kept", Text, nullable=False),
    Column("retired", Text, nullable=False),
    Column("merged_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    Index("ix_merges_standing", "retired", unique=True, sqlite_where=text(STANDING), postgresql_where=text(STANDING)),
    sqlite_autoincrement=True,
)
"""Unified numbers that were found to be one person's, and whether that was undone."""
