"""The version with which a batch began, and what the server distributed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("batches", sa.Column("layout_version", sa.Text))
    op.create_table(
        "distributions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_distributions"),
        sqlite_autoincrement=True,
    )
