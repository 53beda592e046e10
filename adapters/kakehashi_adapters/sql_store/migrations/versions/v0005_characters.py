"""Characters that did not go through as they were: codes that no table knows, substitutes, cuts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "characters",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("record_no", sa.BigInteger, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("byte_offset", sa.BigInteger),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "record_no", "item", "trouble", "source", name="pk_characters"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_characters_batch_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_characters_source", "characters", ["trouble", "source", "batch_id"])
