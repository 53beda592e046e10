"""Of whom a question of record matching is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("match_reviews", sa.Column("members", sa.Text))
