"""What came before a batch of the same lane is found at once; tries of a batch on which workers die are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    unended = sa.text("state NOT IN ('settled', 'discarded')")
    op.drop_index("ix_batches_unended", "batches")
    op.create_index(
        "ix_batches_unended",
        "batches",
        ["lane", "file_id", "id"],
        sqlite_where=unended,
        postgresql_where=unended,
    )
    op.create_table(
        "tries",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_tries"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_tries_batch_id"),
        sqlite_with_rowid=False,
    )
