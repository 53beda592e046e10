"""Inquiries of other bodies that wait for our decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DUE = sa.text("due IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "provisions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("provision_id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("info_name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("affair", sa.Text, nullable=False),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("non_disclosure", sa.Boolean, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("voices", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("server_code", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provisions"),
        sa.UniqueConstraint("provision_id", name="uq_provisions_provision_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_provisions_state", "provisions", ["state", "deadline"])
    op.create_index("ix_provisions_person", "provisions", ["person"])
    op.create_index("ix_provisions_due", "provisions", ["due"], sqlite_where=_DUE, postgresql_where=_DUE)
    _entries()


def _entries() -> None:
    op.create_table(
        "provision_entries",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("provision", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("server_code", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_provision_entries"),
        sa.ForeignKeyConstraint(["provision"], ["provisions.id"], name="fk_provision_entries_provision"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_provision_entries_provision", "provision_entries", ["provision", "id"])
