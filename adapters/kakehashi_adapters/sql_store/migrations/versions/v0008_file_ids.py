"""File ids are given before a file is spooled, so that the spool can say which file it holds."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("INSERT INTO meta (name, value) SELECT 'newest_file_id', CAST(coalesce(max(id), 0) AS TEXT) FROM files")
