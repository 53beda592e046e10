"""What waits for an operator's word as a whole, and everything that is open grouped by its cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kakehashi.cli.context import Session
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.ports.store_rules import OPEN

__all__ = ["Choice", "Group", "groups", "tell_held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A selection by lane and cause; None chooses nothing."""

    lane: str | None = None
    code: str | None = None
    server_code: str | None = None
    item: str | None = None

    @property
    def empty(self) -> bool:
        return self == Choice()

    def takes(self, lane: str, code: str | None, server_code: str | None, item: str | None) -> bool:
        wanted = (self.lane, self.code, self.server_code, self.item)
        return all(want in (None, have) for want, have in zip(wanted, (lane, code, server_code, item), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Records of one cause, or whole parked batches (`batches`: how many). `example` names the oldest: E… or B…."""

    lane: str
    code: str
    server_code: str | None
    item: str | None
    state: RecordState
    records: int
    batches: int | None
    oldest: datetime
    example: str


def groups(session: Session, choice: Choice) -> list[Group]:
    """What is open of a choice, records before batches, the most frequent first."""
    found = [
        Group(
            lane=c.lane, code=c.code, server_code=c.server_code, item=c.item, state=c.state, records=c.count,
            batches=None, oldest=c.oldest, example=f"E{c.example}",
        )
        for c in session.store.causes()
        if c.state in OPEN and choice.takes(c.lane, c.code, c.server_code, c.item)
    ]  # fmt: skip
    found += [
        Group(
            lane=c.lane, code=c.code, server_code=None, item=None, state=RecordState.PARKED, records=c.records,
            batches=c.batches, oldest=c.oldest, example=f"B{c.example}",
        )
        for c in session.store.parked_causes()
        if choice.takes(c.lane, c.code, None, None)
    ]  # fmt: skip
    return found


def tell_held(session: Session, choice: Choice, *, each: bool = False) -> None:
    """A row for each held file with its cause and what to do; `each`: for each parked batch, too."""
    files = session.store.files(lane=choice.lane, state=FileState.HELD)
    held = [row for row in files if choice.takes(row.lane, row.code, None, None)]
    batches = session.store.parked_batches(lane=choice.lane) if each else []
    parked = [row for row in batches if choice.takes(row.lane, row.code, None, None)]
    if held or parked:
        session.output.rows(
            "Held files and parked batches",
            ("id", "lane", "code", "records", "what_to_do"),
            [
                *((f"F{f.id}", f.lane, f.code, f.records, session.remedy(f.code)) for f in held),
                *((f"B{b.id}", b.lane, b.code, b.records, session.remedy(b.code)) for b in parked),
            ],
        )
