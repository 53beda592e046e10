"""What else than an acquisition is told to the server of a person's symbol: released, relinked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_LIVE = sa.text("state NOT IN ('linked', 'failed', 'expired', 'cancelled', 'released', 'relinked')")


def upgrade() -> None:
    op.add_column("acquisitions", sa.Column("task", sa.Text, nullable=False, server_default="acquire"))
    op.add_column("acquisitions", sa.Column("heir", sa.Text))
    op.add_column("acquisitions", sa.Column("anew", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("said", "actor", "reason"):
        op.add_column("acquisitions", sa.Column(name, sa.Text))
    op.drop_index("ix_acquisitions_live", "acquisitions")
    op.create_index(
        "ix_acquisitions_live", "acquisitions", ["person"], unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
    )
