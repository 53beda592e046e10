"""What arrived and how: claims and leases on dropped files, files that were not taken, why a file is held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("files", sa.Column("why", sa.Text))
    op.add_column("files", sa.Column("claim", sa.Text))
    op.create_table(
        "fences",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("fenced_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_fences"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusals",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("claim", sa.Text),
        sa.Column("size", sa.BigInteger),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("original", _KEY),
        sa.PrimaryKeyConstraint("id", name="pk_refusals"),
        sa.UniqueConstraint("claim", name="uq_refusals_claim"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refusals_lane", "refusals", ["lane", "id"])
