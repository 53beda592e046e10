"""How inquiries were answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_CANCELS = sa.text("action = 'cancel'")
_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "inquiry_outcomes",
        sa.Column("batch_id", _KEY, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "outcome", name="pk_inquiry_outcomes"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_inquiry_outcomes_batch_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decisions_cancel", "decisions", ["batch_id"], sqlite_where=_CANCELS, postgresql_where=_CANCELS)
