"""What systems are told of persons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PENDING = sa.text("file_id IS NULL AND void_at IS NULL")
_UNTAKEN = sa.text("taken_at IS NULL")
_KEPT = sa.text("content IS NOT NULL")


def upgrade() -> None:
    _changes()
    _files()
    op.create_table(
        "notices",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("change_id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("numbers", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("ending", sa.Boolean, nullable=False),
        sa.Column("file_id", _KEY),
        sa.Column("void_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.ForeignKeyConstraint(["change_id"], ["person_changes.id"], name="fk_notices_change_id"),
        sa.ForeignKeyConstraint(["file_id"], ["notice_files.id"], name="fk_notices_file_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_change_id", "notices", ["change_id"])
    op.create_index("ix_notices_file_id", "notices", ["file_id"])
    op.create_index("ix_notices_number", "notices", ["system", "atena", "id"])
    op.create_index("ix_notices_pending", "notices", ["system", "id"], sqlite_where=_PENDING, postgresql_where=_PENDING)
    op.create_index("ix_link_history_unified", "link_history", ["unified"])


def _changes() -> None:
    op.create_table(
        "person_states",
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("described", sa.LargeBinary, nullable=False),
        sa.Column("disclosure", sa.Text),
        sa.PrimaryKeyConstraint("unified", name="pk_person_states"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("since", sa.Integer),
        sa.Column("disclosure", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("content", sa.LargeBinary),
        sa.Column("forgotten", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_person_changes_unified", "person_changes", ["unified"])
    op.create_index("ix_person_changes_kept", "person_changes", ["id"], sqlite_where=_KEPT, postgresql_where=_KEPT)


def _files() -> None:
    op.create_table(
        "address_answers",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address_answers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_address_answers_unified", "address_answers", ["unified", "id"])
    op.create_table(
        "noticed_batches",
        sa.Column("batch_id", _KEY, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_noticed_batches"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_files",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger),
        sa.Column("taken_at", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_notice_files"),
        sa.UniqueConstraint("system", "serial", name="uq_notice_files_system_serial"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_notice_files_untaken", "notice_files", ["system", "id"], sqlite_where=_UNTAKEN, postgresql_where=_UNTAKEN
    )
