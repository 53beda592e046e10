"""What was said about records of exchanges, in the memory store."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from kakehashi.domain.exchange_record import WithholdingState
from kakehashi.ports.exchange_records import NewWithholding, WithholdingRow
from kakehashi.testing.memory_succession import MemorySuccession

__all__ = ["MemoryRecordBook"]


class MemoryRecordBook(MemorySuccession):
    """See `kakehashi.ports.exchange_records.RecordBook`."""

    def __init__(self) -> None:
        super().__init__()
        self._withholdings: dict[int, WithholdingRow] = {}

    def place_withholding(self, new: NewWithholding) -> tuple[WithholdingRow, bool]:
        with self._transaction():
            for row in self._withholdings.values():
                if row.record_id == new.record_id and row.state is WithholdingState.OPEN:
                    return row, False
            made = WithholdingRow(**asdict(new), id=len(self._withholdings) + 1)
            self._withholdings[made.id] = made
            return made, True

    def note_withholding(
        self, withholding_id: int, *, state: WithholdingState, code: str | None, server_code: str | None, now: datetime
    ) -> bool:
        with self._transaction():
            row = self._withholdings.get(withholding_id)
            if row is None or row.state is not WithholdingState.OPEN:
                return False
            ended = None if state is WithholdingState.OPEN else now
            self._withholdings[row.id] = replace(row, state=state, ended_at=ended, code=code, server_code=server_code)
            return True

    def withholdings(self, *, person: str | None = None, still_open: bool = False) -> list[WithholdingRow]:
        with self._transaction():
            rows = self._withholdings.values()
            return [
                row
                for row in rows
                if person in (None, row.person) and (not still_open or row.state is WithholdingState.OPEN)
            ]
