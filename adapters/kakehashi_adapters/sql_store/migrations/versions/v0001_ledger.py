"""The ledger: files, batches, attempts, exceptions, replica state, results and decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _meta()
    _files()
    _batches()
    _attempts()
    _exceptions()
    _replicas()
    _results()
    _decisions()
    op.execute("INSERT INTO meta (name, value) VALUES ('product', 'kakehashi')")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("batches", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("config_hash", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("returned_at", sa.BigInteger),
        sa.Column("spool", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("lane", "digest", name="uq_files_lane_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_sums", "files", ["lane", "state", "records", "batches"])
    _partial(
        "ix_files_unreturned", "files", ["id"], "(state = 'settled' OR (state = 'refused' AND returned_at IS NULL))"
    )


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", KEY, nullable=False),
        sa.Column("file_id", KEY, sa.ForeignKey("files.id", name="fk_batches_file_id"), nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("first_record", sa.BigInteger, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("byte_offset", sa.BigInteger, nullable=False),
        sa.Column("spool_offset", sa.BigInteger, nullable=False),
        sa.Column("spool_length", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("messages", sa.Integer, nullable=False),
        sa.Column("excepted", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("due", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("redrive_of", KEY),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.CheckConstraint("state <> 'settled' OR accepted + excepted = records", name="ck_batches_sum"),
        sa.UniqueConstraint("file_id", "seq", name="uq_batches_file_id_seq"),
        sa.UniqueConstraint("request_id", name="uq_batches_request_id"),
        sqlite_autoincrement=True,
    )
    _partial("ix_batches_due", "batches", ["due"], "due IS NOT NULL")
    _partial("ix_batches_new", "batches", ["id"], "state = 'new'")
    _partial("ix_batches_parked", "batches", ["id"], "state = 'parked'")
    sums = ["lane", "state", "records", "accepted", "excepted", "messages", "file_id"]
    op.create_index("ix_batches_sums", "batches", sums)
    _partial("ix_batches_unended", "batches", ["lane", "file_id"], "state NOT IN ('settled', 'discarded')")


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("batch_id", KEY, sa.ForeignKey("batches.id", name="fk_attempts_batch_id"), nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("segment", sa.Integer),
        sa.Column("code", sa.Text),
        sa.PrimaryKeyConstraint("batch_id", "no", name="pk_attempts"),
        sqlite_with_rowid=False,
    )
    _partial("ix_attempts_request_id", "attempts", ["request_id"], "request_id IS NOT NULL")


def _exceptions() -> None:
    op.create_table(
        "exceptions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("file_id", KEY, sa.ForeignKey("files.id", name="fk_exceptions_file_id"), nullable=False),
        sa.Column("batch_id", KEY, sa.ForeignKey("batches.id", name="fk_exceptions_batch_id"), nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("record_no", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("server_code", sa.Text),
        sa.Column("item", sa.Text),
        sa.Column("byte_offset", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("payload", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_exceptions"),
        sa.UniqueConstraint("batch_id", "record_no", name="uq_exceptions_batch_id_record_no"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_exceptions_causes", "exceptions", ["lane", "code", "server_code", "item", "state", "created_at"]
    )
    op.create_index("ix_exceptions_sums", "exceptions", ["lane", "state", "file_id", "server_code"])


def _replicas() -> None:
    op.create_table(
        "replicas",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("info_name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("person", "info_name", "unit", name="pk_replicas"),
        sqlite_with_rowid=False,
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("batch_id", KEY, sa.ForeignKey("batches.id", name="fk_results_batch_id"), nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_results"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("file_id", KEY, sa.ForeignKey("files.id", name="fk_decisions_file_id"), nullable=False),
        sa.Column("batch_id", KEY),
        sa.Column("exception_id", KEY),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_file_id", "decisions", ["file_id"])
