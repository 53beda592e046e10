"""Held files and parked batches: what waits for an operator's word as a whole."""

from __future__ import annotations

from kakehashi.cli.context import Session
from kakehashi.domain.batch import FileState

__all__ = ["tell_held"]


def tell_held(session: Session, *, lane: str | None = None, code: str | None = None) -> None:
    """A row each with its cause and what to do; nothing when there are none."""
    held = [row for row in session.store.files(lane=lane, state=FileState.HELD) if code in (None, row.code)]
    batches = [row for row in session.store.parked_batches(lane=lane) if code in (None, row.code)]
    if held or batches:
        session.output.rows(
            "Held files and parked batches",
            ("id", "lane", "code", "records", "what_to_do"),
            [
                *((f"F{f.id}", f.lane, f.code, f.records, session.remedy(f.code)) for f in held),
                *((f"B{b.id}", b.lane, b.code, b.records, session.remedy(b.code)) for b in batches),
            ],
        )
