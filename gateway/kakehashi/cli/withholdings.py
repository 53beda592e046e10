"""How decisions about records of exchanges are shown."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.cli.context import Session
from kakehashi.cli.link import masked
from kakehashi.ports.exchange_records import WithholdingRow

__all__ = ["tell_withholdings"]


def tell_withholdings(session: Session, rows: Sequence[WithholdingRow]) -> None:
    results = session.configuration.profile.results
    session.output.rows(
        "Decisions about records",
        ("id", "record_id", "person", "withheld", "state", "since", "by", "reason", "ended", "code", "server_code",
         "meaning", "what_to_do"),
        [
            (
                f"W{row.id}",
                row.record_id,
                masked(row.person),
                row.withheld,
                row.state,
                row.placed_at,
                row.actor,
                row.reason,
                row.ended_at,
                row.code,
                row.server_code,
                results[row.server_code].name if row.server_code and row.server_code in results else None,
                session.remedy(row.code),
            )
            for row in rows
        ],
    )  # fmt: skip
