"""The links: system numbers to persons, and their sealed numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _links()
    _persons()


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("system", "atena", name="pk_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_unified", "links", ["unified"])


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("blind", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("number", sa.LargeBinary),
        sa.PrimaryKeyConstraint("unified", name="pk_persons"),
        sa.UniqueConstraint("blind", name="uq_persons_blind"),
        sqlite_with_rowid=False,
    )
