"""What was sent and becomes replica state once it is accepted: written with the intent, not computed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "pending_replicas",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("record_no", sa.Integer, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("info_name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "record_no", name="pk_pending_replicas"),
        sqlite_with_rowid=False,
    )
