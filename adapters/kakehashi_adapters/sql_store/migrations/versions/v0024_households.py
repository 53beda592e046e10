"""Which refused records are of one household."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "household_members",
        sa.Column("file_id", key, nullable=False),
        sa.Column("household", sa.BigInteger, nullable=False),
        sa.Column("exception_id", key, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "household", "exception_id", name="pk_household_members"),
        sa.ForeignKeyConstraint(["exception_id"], ["exceptions.id"], name="fk_household_members_exception_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_household_members_exception_id", "household_members", ["exception_id"])
