"""The outbox and the files to return by lane: what lies in a lane that nobody works on stands in nobody's way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _replace("ix_batches_new", "batches", ["lane", "id"], "state = 'new'")
    _replace("ix_batches_due", "batches", ["lane", "due", "id", "updated_at"], "state IN ('queued', 'sent', 'waiting')")
    unreturned = "(state = 'settled' OR (state = 'refused' AND returned_at IS NULL))"
    _replace("ix_files_unreturned", "files", ["lane", "id"], unreturned)


def _replace(name: str, table: str, columns: list[str], where: str) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
