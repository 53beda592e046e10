"""The part of the store that knows what was said to the server about records of exchanges, by whom and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kakehashi.domain.exchange_record import WithholdingState

__all__ = ["NewWithholding", "RecordBook", "WithholdingRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWithholding:
    """「不開示の指図」 `withheld`: 不開示理由, a code of the profile; None: the person is shown the record again."""

    person: str
    record_id: str
    withheld: str | None
    reason: str
    actor: str
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithholdingRow(NewWithholding):
    """「不開示設定の記録」 Never deleted. `code`: why it is open still, or was refused; `server_code`: the answer."""

    id: int
    state: WithholdingState = WithholdingState.OPEN
    ended_at: datetime | None = None
    code: str | None = None
    server_code: str | None = None


class RecordBook(Protocol):
    """As of `Store`, every method is one transaction."""

    def place_withholding(self, new: NewWithholding) -> tuple[WithholdingRow, bool]:
        """The new one and True; where one about this record is open, that one, whatever it says, and False."""

    def note_withholding(
        self, withholding_id: int, *, state: WithholdingState, code: str | None, server_code: str | None, now: datetime
    ) -> bool:
        """What the server said, or that nothing came. False, and no effect, when it has ended already."""

    def withholdings(self, *, person: str | None = None, still_open: bool = False) -> list[WithholdingRow]:
        """Oldest first."""
