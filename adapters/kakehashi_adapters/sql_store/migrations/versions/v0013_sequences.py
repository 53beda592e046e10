"""Sequences are times: an extract has those of the time as of which it was made. Files of before keep theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "sequences",
        sa.Column("second", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("second", name="pk_sequences"),
    )
    op.add_column("files", sa.Column("as_of", sa.BigInteger))
    op.add_column("files", sa.Column("before_first", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE files SET before_first = id * 1000000000")
    op.create_index("ix_files_before_first", "files", ["before_first"])
