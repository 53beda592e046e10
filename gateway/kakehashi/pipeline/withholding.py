"""「不開示設定」 Whether a person is shown a record: written down, then said, then the answer is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kakehashi.domain.exchange_record import WithholdingState
from kakehashi.errors import InputError
from kakehashi.failpoint import reached
from kakehashi.pipeline.record_messages import RecordMessages, Said
from kakehashi.ports.clock import Clock
from kakehashi.ports.exchange_records import NewWithholding, RecordBook, WithholdingRow

__all__ = ["Withholding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withholding:
    """Safe to be killed anywhere: what is open is asked about before it is said again, under its own request id."""

    book: RecordBook
    messages: RecordMessages
    clock: Clock

    def decide(self, new: NewWithholding) -> WithholdingRow:
        """As it stands afterwards. What is said again while it is open goes on. Raises InputError(REC-002) while the
        opposite, or another reason, is open; ConfigurationError(REC-004), StoreError.
        """
        self.messages.require_withholding()
        row, is_new = self.book.place_withholding(new)
        reached("withholding.placed")
        if not is_new and (row.person, row.withheld) != (new.person, new.withheld):
            raise InputError("REC-002")
        return self._noted(row, self.messages.say(row)) if is_new else self.resume(row)

    def resume(self, row: WithholdingRow) -> WithholdingRow:
        """Go on with what may have been said."""
        return self._noted(row, self.messages.ask(row) or self.messages.say(row))

    def _noted(self, row: WithholdingRow, said: Said) -> WithholdingRow:
        reached("withholding.answered")
        now = self.clock.now()
        self.book.note_withholding(row.id, state=said.state, code=said.code, server_code=said.server_code, now=now)
        ended = None if said.state is WithholdingState.OPEN else now
        return replace(row, state=said.state, ended_at=ended, code=said.code, server_code=said.server_code)
