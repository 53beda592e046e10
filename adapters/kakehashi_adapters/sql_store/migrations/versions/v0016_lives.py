"""What befell persons, and the numbers that go back to the systems for which they were issued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "life_events",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_life_events"),
        sa.UniqueConstraint(
            "unified", "event", "since", "system", "atena", name="uq_life_events_unified_event_since_system_atena"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "number_files",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("returned_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_number_files"),
        sqlite_autoincrement=True,
    )
    unreturned = sa.text("returned_at IS NULL")
    op.create_index(
        "ix_number_files_unreturned",
        "number_files",
        ["system", "id"],
        sqlite_where=unreturned,
        postgresql_where=unreturned,
    )
    op.create_table(
        "number_returns",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("file_id", _KEY),
        sa.PrimaryKeyConstraint("id", name="pk_number_returns"),
        sa.ForeignKeyConstraint(["file_id"], ["number_files.id"], name="fk_number_returns_file_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_number_returns_number", "number_returns", ["system", "atena", "id"])
    op.create_index("ix_number_returns_file_id", "number_returns", ["file_id"])
    pending = sa.text("file_id IS NULL")
    op.create_index(
        "ix_number_returns_pending",
        "number_returns",
        ["system", "id"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
