"""What is stopped, who was asked about, and batches that overtake others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STANDING = sa.text("lifted_at IS NULL")
_URGENT = sa.text("state = 'new' AND urgent")


def upgrade() -> None:
    op.create_table(
        "halts",
        sa.Column("id", _KEY, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("action", "of", "key", "means", "reason", "actor")),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("lifted_at", sa.BigInteger),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lift_reason", sa.Text),
        sa.Column("lift_sequence", sa.BigInteger),
        sa.Column("lift_done_at", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("due", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_halts"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_halts_standing",
        "halts",
        ["of", "key", "action"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index("ix_halts_key", "halts", ["key"])
    op.create_index("ix_halts_version", "halts", ["version"])
    op.create_table(
        "inquired",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("batch_id", _KEY, nullable=False),
        sa.Column("record_no", sa.BigInteger, nullable=False),
        sa.Column("info_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "batch_id", "record_no", name="pk_inquired"),
        sqlite_with_rowid=False,
    )
    op.add_column("batches", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.create_index("ix_batches_urgent", "batches", ["lane", "id"], sqlite_where=_URGENT, postgresql_where=_URGENT)
