"""What was said to the server about records of exchanges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "withholdings",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("withheld", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("server_code", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_withholdings"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_withholdings_open",
        "withholdings",
        ["record_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_withholdings_person", "withholdings", ["person"])
