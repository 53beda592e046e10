"""What operators order for whole groups of records, and records that they corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("decisions", sa.Column("order_id", KEY))
    op.create_index("ix_decisions_exception_id", "decisions", ["exception_id"])
    retry = sa.text("redrive_of IS NOT NULL")
    op.create_index("ix_batches_redrive_of", "batches", ["redrive_of"], sqlite_where=retry, postgresql_where=retry)
    redriven = sa.text("redrive_of IS NOT NULL AND state NOT IN ('settled', 'discarded')")
    op.create_index("ix_batches_redriven", "batches", ["lane"], sqlite_where=redriven, postgresql_where=redriven)
    settled = sa.text("state = 'settled'")
    op.create_index("ix_batches_settled", "batches", ["updated_at"], sqlite_where=settled, postgresql_where=settled)
    op.create_table(
        "orders",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("server_code", sa.Text),
        sa.Column("item", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("per_second", sa.Integer, nullable=False),
        sa.Column("most", sa.BigInteger),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("selected", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("stopped_by", sa.Text),
        sa.Column("stop_reason", sa.Text),
        sa.Column("exceptions_to", KEY, nullable=False),
        sa.Column("batches_to", KEY, nullable=False),
        sa.Column("exceptions_at", KEY, nullable=False),
        sa.Column("batches_at", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("state = 'open'")
    op.create_index("ix_orders_open", "orders", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "corrections",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("config_hash", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_corrections"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_corrections_batch_id"),
    )
