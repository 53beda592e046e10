"""Acquisitions of symbols, one live one a person, and the records that wait for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "acquisitions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("unknown", sa.Integer, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("key_id", sa.Text),
        sa.Column("number", sa.LargeBinary),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("server_code", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acquisitions"),
        sqlite_autoincrement=True,
    )
    live = sa.text("state NOT IN ('linked', 'failed', 'expired', 'cancelled')")
    op.create_index(
        "ix_acquisitions_live", "acquisitions", ["person"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_index("ix_acquisitions_person", "acquisitions", ["person"])
    due = sa.text("due IS NOT NULL")
    op.create_index("ix_acquisitions_due", "acquisitions", ["rank", "due"], sqlite_where=due, postgresql_where=due)
    op.create_index("ix_acquisitions_state", "acquisitions", ["state"])
    op.create_table(
        "symbol_waits",
        sa.Column("exception_id", _KEY, nullable=False, autoincrement=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("acquisition_id", _KEY),
        sa.PrimaryKeyConstraint("exception_id", name="pk_symbol_waits"),
        sa.ForeignKeyConstraint(["exception_id"], ["exceptions.id"], name="fk_symbol_waits_exception_id"),
        sa.ForeignKeyConstraint(["acquisition_id"], ["acquisitions.id"], name="fk_symbol_waits_acquisition_id"),
    )
    op.create_index("ix_symbol_waits_person", "symbol_waits", ["person"])
    op.create_index("ix_symbol_waits_acquisition_id", "symbol_waits", ["acquisition_id"])
    uncovered = sa.text("acquisition_id IS NULL")
    op.create_index(
        "ix_symbol_waits_uncovered",
        "symbol_waits",
        ["exception_id"],
        sqlite_where=uncovered,
        postgresql_where=uncovered,
    )
