"""The part of the Store's conformance suite about inquiries: how they were answered, and which are to be cancelled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kakehashi.domain.batch import BatchState, content_id
from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.ports.inquiries import CANCEL_MESSAGE, OutcomeCount, Outcomes
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add, begin

__all__ = ["StoreInquiryConformance"]

FOUND, NOT_FOUND = InquiryOutcome.FOUND, InquiryOutcome.NOT_FOUND


def _answered(store: Store, row: BatchRow, outcomes: Outcomes) -> bool:
    return store.settle(
        row.id, turn=row.turn, accepted=row.records, code=None, exceptions=[], result=None, now=NOW, outcomes=outcomes
    )


def _ask(store: Store, row: BatchRow) -> bool:
    return store.ask_cancel(row.id, reason="not needed", actor="clerk", now=NOW)


def _answer_cancel(store: Store, row: BatchRow, *, segment: int | None) -> None:
    request = content_id(row.request_id, str(segment))
    no = store.record_message(row.id, message_id=CANCEL_MESSAGE, request_id=request, now=NOW)
    store.record_answer(row.id, no=no, segment=segment, code="0000" if segment else "SRV-003", now=NOW)


class StoreInquiryConformance:
    def test_outcomes_are_counted_by_lane_and_by_batch(self, store: Store) -> None:
        """Each accepted inquiry once; of one file its batches, of all lanes their sums; nothing of what has none."""
        file, (first, second) = add(store, "a.dat", sizes=(3, 2))
        other, (third,) = add(store, "b.dat", sizes=(1,), lane="welfare")
        add(store, "c.dat", sizes=(1,))
        assert _answered(store, first, {FOUND: 2, NOT_FOUND: 1})
        assert _answered(store, second, {FOUND: 2})
        assert _answered(store, third, {FOUND: 1})
        assert store.outcomes() == [
            OutcomeCount("tax", None, FOUND, 4),
            OutcomeCount("tax", None, NOT_FOUND, 1),
            OutcomeCount("welfare", None, FOUND, 1),
        ]
        assert store.outcomes(file_id=file.id) == [
            OutcomeCount("tax", first.id, FOUND, 2),
            OutcomeCount("tax", first.id, NOT_FOUND, 1),
            OutcomeCount("tax", second.id, FOUND, 2),
        ]
        assert [each.records for each in store.outcomes(file_id=other.id)] == [1]

    def test_outcomes_are_those_of_all_accepted_records(self, store: Store) -> None:
        """Two answers for three records are a mistake: nothing is written; and a stale turn adds none."""
        _, (row,) = add(store, "a.dat", sizes=(3,))
        with pytest.raises(ValueError, match="2 outcomes of 3"):
            _answered(store, row, {FOUND: 2})
        assert store.outcomes() == []
        assert _answered(store, row, {FOUND: 3})
        assert not _answered(store, row, {FOUND: 3})
        assert store.outcomes() == [OutcomeCount("tax", None, FOUND, 3)]

    def test_a_cancellation_is_asked_for_until_it_is_answered(self, store: Store) -> None:
        """Until an SKI-305 was answered, whatever with; asked for twice it is one decision, and the batch is due."""
        file, (row,) = add(store, "a.dat", sizes=(3,))
        turn = begin(store, row)
        assert store.cancel_asked(row.id) is None
        assert _ask(store, row)
        assert _ask(store, row)
        assert [(each.action, each.batch_id) for each in store.decisions(file.id)] == [("cancel", row.id)]
        after = store.batch(row.id)
        assert after is not None
        assert (after.turn, after.state, after.due) == (turn, BatchState.SENT, NOW)
        _answer_cancel(store, row, segment=None)
        assert store.cancel_asked(row.id) == "not needed"
        _answer_cancel(store, row, segment=9)
        assert store.cancel_asked(row.id) is None
        assert store.ask_cancel(row.id, reason="again", actor="clerk", now=NOW + timedelta(seconds=1))
        assert store.cancel_asked(row.id) == "again"

    def test_what_has_ended_cannot_be_cancelled_and_what_is_parked_is_released(self, store: Store) -> None:
        """False for nothing, for a settled batch, and for one whose file is held; a parked one is in work again."""
        _, (settled, parked) = add(store, "a.dat", sizes=(3, 2))
        _, (held,) = add(store, "b.dat", sizes=(1,), held="DEC-010")
        assert _answered(store, settled, {FOUND: 3})
        assert store.postpone(
            parked.id, turn=parked.turn, state=BatchState.WAITING, code=None, receipt="r", due=DUE, now=NOW
        )
        assert store.park(parked.id, turn=parked.turn + 1, code="SRV-009", now=NOW)
        assert not store.ask_cancel(10**9, reason="x", actor="clerk", now=NOW)
        assert not _ask(store, settled)
        assert not _ask(store, held)
        assert _ask(store, parked)
        after = store.batch(parked.id)
        assert after is not None
        assert (after.state, after.due, after.receipt) == (BatchState.WAITING, NOW, "r")
        assert store.cancel_asked(parked.id) == "not needed"
        assert store.cancel_asked(settled.id) is store.cancel_asked(held.id) is None
