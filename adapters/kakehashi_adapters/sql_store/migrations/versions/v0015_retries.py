"""Which batch carries which records again: one batch may carry many. What is parked is not on its way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "retries",
        sa.Column("exception_id", key, nullable=False, autoincrement=False),
        sa.Column("batch_id", key, nullable=False),
        sa.PrimaryKeyConstraint("exception_id", name="pk_retries"),
        sa.ForeignKeyConstraint(["exception_id"], ["exceptions.id"], name="fk_retries_exception_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_retries_batch_id"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO retries (exception_id, batch_id) "
        "SELECT redrive_of, id FROM batches WHERE redrive_of IS NOT NULL ORDER BY redrive_of"
    )
    op.create_index("ix_retries_batch_id", "retries", ["batch_id"])
    op.drop_index("ix_batches_redrive_of", "batches")
    op.drop_index("ix_batches_redriven", "batches")
    redriven = sa.text("redrive_of IS NOT NULL AND state NOT IN ('settled', 'discarded', 'parked')")
    op.create_index("ix_batches_redriven", "batches", ["lane"], sqlite_where=redriven, postgresql_where=redriven)
