"""Batches that are parts of others, and how the breakers stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.add_column("batches", sa.Column("part_of", key))
    op.create_table(
        "part_bodies",
        sa.Column("batch_id", key, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_part_bodies"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_part_bodies_batch_id"),
    )
    op.create_table(
        "breakers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_breakers"),
        sqlite_with_rowid=False,
    )
