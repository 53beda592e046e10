"""The schema: integer keys in arrival order, hashes as indexed columns, times as microseconds since 1970 (UTC).

The migrations write the same schema step by step; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "CANCELS",
    "ENDED",
    "HEAD",
    "NEWEST_FILE_ID",
    "REDRIVEN",
    "SETTLED",
    "UNENDED",
    "UNHEARD",
    "UNRETURNED",
    "URGENT",
    "attempts",
    "batches",
    "breakers",
    "characters",
    "corrections",
    "decisions",
    "exceptions",
    "fences",
    "files",
    "meta",
    "metadata",
    "orders",
    "part_bodies",
    "pending_replicas",
    "refusals",
    "replicas",
    "results",
    "retries",
    "sequences",
    "tries",
]

HEAD = "0025"
"""The schema version that this program works with."""

NEWEST_FILE_ID = "newest_file_id"
"""The row of `meta` that says which file id was given last."""

Key = BigInteger().with_variant(Integer, "sqlite")
"""SQLite makes only an INTEGER primary key the row's own number."""

ENDED = "state IN ('settled', 'discarded')"
UNENDED = "state NOT IN ('settled', 'discarded')"
UNHEARD = "state IN ('queued', 'sent', 'waiting')"
SETTLED = "state = 'settled'"
CANCELS = "action = 'cancel'"
REDRIVEN = "redrive_of IS NOT NULL AND state NOT IN ('settled', 'discarded', 'parked')"
URGENT = "state = 'new' AND urgent"
UNRETURNED = "(state = 'settled' OR (state = 'refused' AND returned_at IS NULL))"
"""Literal on purpose: a partial index is used only where the query repeats its condition."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("config_hash", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("returned_at", BigInteger),
    Column("spool", Text, nullable=False),
    Column("why", Text),
    Column("claim", Text),
    Column("as_of", BigInteger),
    Column("before_first", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("lane", "digest"),
    Index("ix_files_before_first", "before_first"),
    Index("ix_files_sums", "lane", "state", "records", "batches"),
    Index("ix_files_unreturned", "lane", "id", sqlite_where=text(UNRETURNED), postgresql_where=text(UNRETURNED)),
    sqlite_autoincrement=True,
)

sequences = Table(
    "sequences",
    metadata,
    Column("second", Key, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

fences = Table(
    "fences",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("fenced_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Leases on dropped files that have ended."""

refusals = Table(
    "refusals",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("claim", Text),
    Column("size", BigInteger),
    Column("digest", LargeBinary),
    Column("original", Key),
    UniqueConstraint("claim"),
    Index("ix_refusals_lane", "lane", "id"),
    sqlite_autoincrement=True,
)

batches = Table(
    "batches",
    metadata,
    Column("id", Key, primary_key=True),
    Column("file_id", Key, ForeignKey("files.id"), nullable=False),
    Column("lane", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("first_record", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("spool_offset", BigInteger, nullable=False),
    Column("spool_length", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("messages", Integer, nullable=False),  # Attempt rows: sends, polls and status queries, never set back
    Column("excepted", Integer, nullable=False),  # records that have an exception
    Column("accepted", Integer, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("receipt", Text),
    Column("code", Text),
    Column("due", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
    Column("redrive_of", Key),
    Column("part_of", Key),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("layout_version", Text),
    CheckConstraint("state <> 'settled' OR accepted + excepted = records", name="sum"),
    UniqueConstraint("file_id", "seq"),
    UniqueConstraint("request_id"),
    Index("ix_batches_sums", "lane", "state", "records", "accepted", "excepted", "messages", "file_id"),
    Index("ix_batches_new", "lane", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    Index("ix_batches_urgent", "lane", "id", sqlite_where=text(URGENT), postgresql_where=text(URGENT)),
    Index("ix_batches_parked", "id", sqlite_where=text("state = 'parked'"), postgresql_where=text("state = 'parked'")),
    Index(
        "ix_batches_due",
        "lane",
        "due",
        "id",
        "updated_at",
        sqlite_where=text(UNHEARD),
        postgresql_where=text(UNHEARD),
    ),
    Index("ix_batches_unended", "lane", "file_id", "id", sqlite_where=text(UNENDED), postgresql_where=text(UNENDED)),
    Index("ix_batches_settled", "updated_at", sqlite_where=text(SETTLED), postgresql_where=text(SETTLED)),
    Index("ix_batches_redriven", "lane", sqlite_where=text(REDRIVEN), postgresql_where=text(REDRIVEN)),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("request_id", Text),  # NULL: the batch's own; only polls and status queries bring another
    Column("sent_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("segment", Integer),
    Column("code", Text),
    Index(
        "ix_attempts_request_id",
        "request_id",
        sqlite_where=text("request_id IS NOT NULL"),
        postgresql_where=text("request_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

exceptions = Table(
    "exceptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("file_id", Key, ForeignKey("files.id"), nullable=False),
    Column("batch_id", Key, ForeignKey("batches.id"), nullable=False),
    Column("lane", Text, nullable=False),
    Column("record_no", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("server_code", Text),
    Column("item", Text),
    Column("byte_offset", BigInteger),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("actor", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("key_id", Text),
    Column("payload", LargeBinary),  # last: a query that does not ask for it never reads its pages
    UniqueConstraint("batch_id", "record_no"),
    Index("ix_exceptions_causes", "lane", "code", "server_code", "item", "state", "created_at"),
    Index("ix_exceptions_sums", "lane", "state", "file_id", "server_code"),
    sqlite_autoincrement=True,
)

replicas = Table(
    "replicas",
    metadata,
    Column("person", Text, primary_key=True),
    Column("info_name", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

pending_replicas = Table(
    "pending_replicas",
    metadata,
    Column("batch_id", Key, primary_key=True),
    Column("record_no", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("info_name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""What becomes replica state when its batch is settled; gone with that."""

tries = Table(
    "tries",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Steps that were begun again after a worker had not ended them; gone when one ends."""

characters = Table(
    "characters",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("record_no", BigInteger, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("trouble", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("target", Text),
    Column("byte_offset", BigInteger),
    Column("times", Integer, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index("ix_characters_source", "trouble", "source", "batch_id"),
    sqlite_with_rowid=False,
)
"""What did not go through as it was: codes without a character, substitutes, cuts."""

retries = Table(
    "retries",
    metadata,
    Column("exception_id", Key, ForeignKey("exceptions.id"), primary_key=True, autoincrement=False),
    Column("batch_id", Key, ForeignKey("batches.id"), nullable=False),
    Index("ix_retries_batch_id", "batch_id"),
    sqlite_with_rowid=False,
)
"""Which batch carries the record of an exception again."""

results = Table(
    "results",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

part_bodies = Table(
    "part_bodies",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""The bytes of a batch that is part of another; the other batches have theirs in the spool."""

breakers = Table(
    "breakers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("code", Text),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("file_id", Key, ForeignKey("files.id"), nullable=False),
    Column("batch_id", Key),
    Column("exception_id", Key),
    Column("order_id", Key),
    Index("ix_decisions_file_id", "file_id"),
    Index("ix_decisions_exception_id", "exception_id"),
    Index("ix_decisions_cancel", "batch_id", sqlite_where=text(CANCELS), postgresql_where=text(CANCELS)),
    sqlite_autoincrement=True,
)

orders = Table(
    "orders",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("code", Text),
    Column("server_code", Text),
    Column("item", Text),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("per_second", Integer, nullable=False),
    Column("most", BigInteger),
    Column("placed_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("selected", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("stopped_by", Text),
    Column("stop_reason", Text),
    Column("exceptions_to", Key, nullable=False),  # it covers what was there when it was placed
    Column("batches_to", Key, nullable=False),
    Column("exceptions_at", Key, nullable=False),  # up to here it has decided
    Column("batches_at", Key, nullable=False),
    Index("ix_orders_open", "id", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
    sqlite_autoincrement=True,
)

corrections = Table(
    "corrections",
    metadata,
    Column("batch_id", Key, ForeignKey("batches.id"), primary_key=True),
    Column("items", Text, nullable=False),  # a name a line
    Column("config_hash", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
"""What a batch carries in place of its exception's payload."""
