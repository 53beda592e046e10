"""Inquiries in the memory store, and how much came in and was settled."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.ports.inquiries import CANCEL, CANCEL_MESSAGE, OutcomeCount
from kakehashi.ports.store_rules import WORKABLE
from kakehashi.ports.vigil import Flow, Settled
from kakehashi.testing.memory_ledger import Ledger
from kakehashi.testing.memory_succession import MemorySuccession

__all__ = ["MemoryInquiryBook"]


class MemoryInquiryBook(MemorySuccession):
    """See `kakehashi.ports.inquiries.InquiryBook`."""

    def outcomes(self, *, file_id: int | None = None) -> list[OutcomeCount]:
        found: Counter[tuple[str, int | None, InquiryOutcome]] = Counter()
        with self._transaction() as ledger:
            for number, outcomes in ledger.outcomes.items():
                row = ledger.batches[number]
                if file_id in (None, row.file_id):
                    for outcome, records in outcomes.items():
                        found[row.lane, None if file_id is None else number, outcome] += records
        ordered = sorted(found.items(), key=lambda each: (each[0][0], each[0][1] or 0, each[0][2]))
        return [OutcomeCount(*key, records) for key, records in ordered]

    def ask_cancel(self, batch_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        with self._transaction() as ledger:
            row = ledger.batches.get(batch_id)
            if row is None:
                return False
            if row.state is BatchState.PARKED:
                if not ledger.decide_batch(batch_id, release=True, reason=reason, actor=actor, now=now):
                    return False
            elif row.state not in WORKABLE:
                return False
            if _asked(ledger, batch_id) is None:
                of = row.file_id
                ledger.write_down(CANCEL, file_id=of, batch_id=batch_id, reason=reason, actor=actor, now=now)
            row = ledger.batches[batch_id]
            if row.due is not None:
                ledger.update(row, now=row.updated_at, due=now)
            return True

    def cancel_asked(self, batch_id: int) -> str | None:
        with self._transaction() as ledger:
            return _asked(ledger, batch_id)

    def flow(self, lane: str, *, since: datetime) -> Flow:
        with self._transaction() as ledger:
            rows = [row for row in ledger.files.values() if row.lane == lane and row.received_at >= since]
            came = [row.records for row in rows if row.state not in (FileState.HELD, FileState.REFUSED)]
            return Flow(len(came), sum(came))

    def settled(self, *, since: datetime) -> list[Settled]:
        with self._transaction() as ledger:
            return ledger.settled(since)


def _asked(ledger: Ledger, batch_id: int) -> str | None:
    asked = [each for each in ledger.decisions if (each.batch_id, each.action) == (batch_id, CANCEL)]
    answered = any(
        attempt.message_id == CANCEL_MESSAGE and attempt.segment is not None and attempt.sent_at >= asked[-1].at
        for attempt in ledger.attempts.get(batch_id, ())
        if asked
    )
    return asked[-1].reason if asked and not answered else None
