"""Links over time: history, conflicts with their decisions, numbers of our own, attributes as digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_UNDECIDED = sa.text("decision IS NULL")


def upgrade() -> None:
    op.add_column("links", sa.Column("since", sa.Integer))
    op.add_column("links", sa.Column("frozen", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("persons", sa.Column("since", sa.Integer))
    op.add_column("persons", sa.Column("recorded_at", sa.BigInteger))
    _histories()
    _conflicts()
    _small_tables()
    _matching()


def _ended() -> list[sa.Column[object]]:
    return [
        sa.Column("until", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
    ]


def _histories() -> None:
    op.create_table(
        "link_history",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("since", sa.Integer),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        *_ended(),
        sa.PrimaryKeyConstraint("id", name="pk_link_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_link_history_number", "link_history", ["system", "atena"])
    op.create_table(
        "number_history",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("blind", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("number", sa.LargeBinary),
        sa.Column("since", sa.Integer),
        sa.Column("recorded_at", sa.BigInteger),
        *_ended(),
        sa.PrimaryKeyConstraint("id", name="pk_number_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_number_history_blind", "number_history", ["blind"])
    op.create_index("ix_number_history_unified", "number_history", ["unified"])


def _conflicts() -> None:
    op.create_table(
        "link_conflicts",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("claim", sa.LargeBinary, nullable=False),
        sa.Column("known", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("blind", sa.LargeBinary),
        sa.Column("key_id", sa.Text),
        sa.Column("number", sa.LargeBinary),
        sa.Column("since", sa.Integer),
        sa.Column("changed", sa.Boolean, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.Text),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_link_conflicts"),
        sa.UniqueConstraint("claim", name="uq_link_conflicts_claim"),
        sqlite_autoincrement=True,
    )
    for column in ("known", "unified"):
        op.create_index(
            f"ix_link_conflicts_{column}",
            "link_conflicts",
            [column],
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        )


def _small_tables() -> None:
    op.create_table(
        "released_numbers",
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("released_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("unified", name="pk_released_numbers"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unlinked",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("system", "atena", name="pk_unlinked"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "link_looks",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_looks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_link_looks_number", "link_looks", ["system", "atena"])
    op.create_table(
        "number_serials",
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_number_serials"),
        sqlite_with_rowid=False,
    )


def _matching() -> None:
    op.create_table(
        "person_forms",
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("form", sa.LargeBinary, nullable=False),
        sa.Column("digest_id", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("unified", name="pk_person_forms"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "link_forms",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("form", sa.LargeBinary, nullable=False),
        sa.Column("digest_id", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("system", "atena", name="pk_link_forms"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_reviews",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("claim", sa.LargeBinary, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("atena", sa.Text, nullable=False),
        sa.Column("unified", sa.Text, nullable=False),
        sa.Column("differ", sa.Text, nullable=False),
        sa.Column("batch_id", _KEY),
        sa.Column("record_no", sa.BigInteger),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.Text),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_match_reviews"),
        sa.UniqueConstraint("claim", name="uq_match_reviews_claim"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_match_reviews_open", "match_reviews", ["id"], sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED
    )
