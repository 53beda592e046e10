"""個人番号 that are held until their day of enforcement, with their links; and the enforcements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _numbers()
    _links()
    op.create_table(
        "enforcements",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("active", sa.BigInteger, nullable=False),
        sa.Column("contradicted", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_enforcements"),
        sqlite_autoincrement=True,
    )


def _numbers() -> None:
    op.create_table(
        "held_numbers",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("blind", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("number", sa.LargeBinary),
        sa.Column("reserved", sa.Boolean, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("active_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_held_numbers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_held_numbers_unified", "held_numbers", ["unified"])
    op.create_index("ix_held_numbers_blind", "held_numbers", ["blind"])
    held = sa.text("ended_at IS NULL AND active_at IS NULL")
    for name, column in (("ix_held_numbers_held", "unified"), ("ix_held_numbers_one", "blind")):
        op.create_index(name, "held_numbers", [column], unique=True, sqlite_where=held, postgresql_where=held)
    active = sa.text("active_at IS NOT NULL")
    op.create_index("ix_held_numbers_active", "held_numbers", ["id"], sqlite_where=active, postgresql_where=active)


def _links() -> None:
    op.create_table(
        "held_links",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("cause", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_held_links"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_held_links_unified", "held_links", ["unified"])
    op.create_index("ix_held_links_number", "held_links", ["system", "atena"])
    held = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_held_links_held", "held_links", ["system", "atena"], unique=True, sqlite_where=held, postgresql_where=held
    )
