"""The schema of what systems are told of persons: changes, a notice for each number of a subscriber, files."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
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
    "KEPT",
    "PENDING",
    "UNTAKEN",
    "address_answers",
    "notice_files",
    "noticed_batches",
    "notices",
    "person_changes",
    "person_states",
]

PENDING = "file_id IS NULL AND void_at IS NULL"
UNTAKEN = "taken_at IS NULL"
KEPT = "content IS NOT NULL"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

person_states = Table(
    "person_states",
    metadata,
    Column("unified", Text, primary_key=True),
    Column("described", LargeBinary, nullable=False),
    Column("disclosure", Text),
    sqlite_with_rowid=False,
)
"""What the registry said last of a person: a keyed digest, and whether it may be told."""

person_changes = Table(
    "person_changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("unified", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("since", Integer),
    Column("disclosure", Text),
    Column("key_id", Text),
    Column("content", LargeBinary),
    Column("forgotten", Boolean, nullable=False, server_default=text("false")),
    Column("recorded_at", BigInteger, nullable=False),
    Index("ix_person_changes_unified", "unified"),
    Index("ix_person_changes_kept", "id", sqlite_where=text(KEPT), postgresql_where=text(KEPT)),
    sqlite_autoincrement=True,
)
"""What was news, in order. `content`: sealed, until it is told and past keeping."""

notice_files = Table(
    "notice_files",
    metadata,
    Column("id", Key, primary_key=True),
    Column("system", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("written_at", BigInteger),
    Column("taken_at", BigInteger),
    Column("actor", Text),
    Column("reason", Text),
    UniqueConstraint("system", "serial"),
    Index("ix_notice_files_untaken", "system", "id", sqlite_where=text(UNTAKEN), postgresql_where=text(UNTAKEN)),
    sqlite_autoincrement=True,
)

notices = Table(
    "notices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("change_id", Key, ForeignKey("person_changes.id"), nullable=False),
    Column("system", Text, nullable=False),
    Column("numbers", Text, nullable=False),
    Column("atena", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("ending", Boolean, nullable=False),
    Column("file_id", Key, ForeignKey("notice_files.id")),
    Column("void_at", BigInteger),
    Index("ix_notices_change_id", "change_id"),
    Index("ix_notices_file_id", "file_id"),
    Index("ix_notices_number", "system", "atena", "id"),
    Index("ix_notices_pending", "system", "id", sqlite_where=text(PENDING), postgresql_where=text(PENDING)),
    sqlite_autoincrement=True,
)
"""`system` is told under the number `atena` of the system `numbers`. `ending`: the number stands for nobody now."""

address_answers = Table(
    "address_answers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("unified", Text, nullable=False),
    Column("code", Text, nullable=False),
    Index("ix_address_answers_unified", "unified", "id"),
    sqlite_autoincrement=True,
)
"""What the server has asked about persons, and how it was answered; never the answer itself."""

noticed_batches = Table(
    "noticed_batches",
    metadata,
    Column("batch_id", Key, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Batches of extracts whose changes are written down."""
