"""The part of the Store's conformance suite that operators live by: decisions, causes, and counts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.errors import StoreError
from kakehashi.ports.ledger import BatchRow, NewFile
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_conformance_households import StoreHouseholdConformance
from kakehashi.testing.store_conformance_orders import StoreOrderConformance
from kakehashi.testing.store_conformance_together import StoreTogetherConformance
from kakehashi.testing.store_samples import (
    DUE,
    NOW,
    add,
    begin,
    counts_of,
    lost,
    new_exception,
    new_file,
    outbox,
    returnable,
    settle,
)

__all__ = ["StoreOperatorConformance"]


def _figures(store: Store, lane: str = "tax") -> tuple[int, int, int, int]:
    counts = counts_of(store, lane)
    return counts.received, counts.accepted, counts.refused, counts.waiting


def _released(store: Store, batches: Sequence[BatchRow]) -> list[tuple[BatchState, datetime | None, str | None]]:
    """Park and release them (at DUE); state, due time and receipt that they have then."""
    for batch in batches:
        current = store.batch(batch.id)
        assert current is not None
        assert store.park(batch.id, turn=current.turn, code="SRV-009", now=NOW)
        assert store.decide_batch(batch.id, release=True, reason="r", actor="a", now=DUE)
    rows = [row for batch in batches if (row := store.batch(batch.id)) is not None]
    return [(row.state, row.due, row.receipt) for row in rows]


class StoreOperatorConformance(StoreOrderConformance, StoreTogetherConformance, StoreHouseholdConformance):
    def test_counts_follow_a_batch_from_new_to_settled(self, store: Store) -> None:
        """Received = accepted + refused + waiting at every step; sent begins with the first attempt."""
        _, (first, second) = add(store, sizes=(3, 2))
        assert _figures(store) == (5, 0, 0, 5)
        assert (counts_of(store).sent, counts_of(store).files, counts_of(store).oldest_waiting) == (0, 1, NOW)
        begin(store, first, exceptions=[new_exception(1), new_exception(2, state=RecordState.WAITING)])
        assert _figures(store) == (5, 0, 1, 4)
        assert counts_of(store).sent == 1
        settle(store, first)
        assert _figures(store) == (5, 1, 1, 3)
        settle(store, second, exceptions=[new_exception(4, state=RecordState.PARKED)])
        assert _figures(store) == (5, 2, 1, 2)
        assert (counts_of(store).sent, counts_of(store).oldest_waiting) == (1, NOW)

    def test_only_what_went_out_counts_as_sent(self, store: Store) -> None:
        """A record that we refused ourselves was not sent, one that the server refused was; also after a retry."""
        _, (first, second) = add(store, sizes=(4, 2))
        begin(store, first, exceptions=[new_exception(1), new_exception(2, state=RecordState.WAITING)])
        assert counts_of(store).sent == 2
        settle(store, first, exceptions=[new_exception(4, code="SRV-005", server_code="4003")])
        assert (counts_of(store).sent, counts_of(store).accepted) == (2, 1)
        settle(store, second, exceptions=[new_exception(5), new_exception(6)])
        assert counts_of(store).sent == 2
        ids = [row.id for row in store.exceptions_of(first.id)]
        requests = [f"again-{number}" for number in ids]
        local, _, judged = store.redrive(ids, request_ids=requests, reason="r", actor="a", now=NOW)
        assert counts_of(store).sent == 2
        begin(store, judged)
        settle(store, judged)
        settle(store, local, exceptions=[new_exception(1)])
        assert (counts_of(store).sent, counts_of(store).accepted) == (3, 2)

    def test_counts_are_by_lane(self, store: Store) -> None:
        """Every lane that ever took a file has its own counts, in the order of the names."""
        assert store.counts() == []
        add(store, "a.dat", lane="welfare", sizes=(4,))
        _, (batch,) = add(store, "b.dat", lane="tax", sizes=(2,))
        settle(store, batch)
        assert [counts.lane for counts in store.counts()] == ["tax", "welfare"]
        assert _figures(store, "tax") == (2, 2, 0, 0)
        assert _figures(store, "welfare") == (4, 0, 0, 4)
        assert counts_of(store, "tax").oldest_waiting is None

    def test_a_held_file_waits_as_a_whole(self, store: Store) -> None:
        """The batches of a held file are parked, not published, and not decided one by one."""
        file, batches = add(store, held="DEC-010")
        assert (file.state, file.code) == (FileState.HELD, "DEC-010")
        assert {(row.state, row.code) for row in batches} == {(BatchState.PARKED, "DEC-010")}
        assert outbox(store) == lost(store, DUE) == []
        assert store.parked_batches() == []
        assert not store.decide_batch(batches[0].id, release=True, reason="r", actor="a", now=NOW)
        assert _figures(store) == (5, 0, 0, 5)
        assert counts_of(store).oldest_waiting == NOW

    def test_a_released_file_goes_to_work(self, store: Store) -> None:
        """Its batches enter the outbox; it can be decided once."""
        file, batches = add(store, held="DEC-010")
        assert store.decide_file(file.id, release=True, reason="count was wrong", actor="ito", now=DUE)
        assert outbox(store) == [row.id for row in batches]
        assert not store.decide_file(file.id, release=False, reason="r", actor="a", now=NOW)
        for batch in batches:
            settle(store, batch)
        assert [(row.id, row.code) for row in store.returnable(lanes=["tax"], most=9)] == [(file.id, None)]
        (decision,) = store.decisions(file.id)
        assert (decision.action, decision.reason, decision.actor) == ("release", "count was wrong", "ito")
        assert (decision.at, decision.batch_id, decision.exception_id) == (DUE, None, None)

    def test_a_refused_file_counts_as_refused_and_is_returned_once(self, store: Store) -> None:
        """All records of a refused file are refused; its owner hears of it; it stays refused."""
        file, batches = add(store, held="DEC-010")
        assert store.decide_file(file.id, release=False, reason="r", actor="a", now=NOW)
        assert _figures(store) == (5, 0, 5, 0)
        assert {row.state for row in store.batches(file.id)} == {BatchState.DISCARDED}
        assert not store.begin_attempt(batches[0].id, turn=0, message_id="m", exceptions=(), now=NOW, due=DUE)
        (refused,) = store.returnable(lanes=["tax"], most=9)
        assert (refused.state, refused.code) == (FileState.REFUSED, "DEC-010")
        assert not store.mark_returned(file.id, batches=1, now=NOW)
        assert store.mark_returned(file.id, batches=2, now=NOW)
        assert not store.mark_returned(file.id, batches=2, now=NOW)
        assert returnable(store) == []
        assert _figures(store) == (5, 0, 5, 0)
        assert [row.state for row in store.files()] == [FileState.REFUSED]

    def test_a_held_file_that_no_batch_carries_can_only_be_refused(self, store: Store) -> None:
        """Bytes that could not be cut into batches wait with all their records, and cannot be sent to work."""
        file = store.add_file(_unreadable(), [], request_ids=[])
        assert _figures(store) == (7, 0, 0, 7)
        assert counts_of(store).oldest_waiting == NOW
        assert not store.decide_file(file.id, release=True, reason="r", actor="a", now=NOW)
        assert store.decide_file(file.id, release=False, reason="r", actor="a", now=NOW)
        assert _figures(store) == (7, 0, 7, 0)

    def test_a_parked_batch_is_released_into_another_turn(self, store: Store) -> None:
        """Released work has another turn, so that an old message cannot take it up; its sends stay counted."""
        file, (batch, _) = add(store)
        turn = begin(store, batch, exceptions=[new_exception(1)])
        assert store.park(batch.id, turn=turn, code="SRV-009", now=NOW)
        assert [(row.id, row.code, row.due) for row in store.parked_batches(lane="tax")] == [
            (batch.id, "SRV-009", None)
        ]
        assert store.parked_batches(lane="welfare") == []
        assert store.decide_batch(batch.id, release=True, reason="r", actor="a", now=NOW)
        assert not store.decide_batch(batch.id, release=True, reason="r", actor="a", now=NOW)
        row = store.batch(batch.id)
        assert row is not None
        assert (row.state, row.attempts, row.turn, row.code) == (BatchState.SENT, 1, turn + 1, None)
        assert _figures(store) == (5, 0, 1, 4)
        assert counts_of(store).sent == 2
        assert [(d.action, d.batch_id) for d in store.decisions(file.id)] == [("release", batch.id)]

    def test_a_release_asks_before_it_sends_again(self, store: Store) -> None:
        """New is only what was never sent or was refused for certain; the rest is asked about, and that at once."""
        _, batches = add(store, sizes=(1,) * 7)
        never, unanswered, unknown, refused, answered, waiting, unreachable = batches
        for batch in batches[1:]:
            begin(store, batch)
        store.record_answer(unknown.id, no=0, segment=None, code="SRV-003", now=NOW)
        store.record_answer(refused.id, no=0, segment=9, code="9001", now=NOW)
        store.record_answer(answered.id, no=0, segment=1, code="0000", now=NOW)
        store.record_answer(waiting.id, no=0, segment=9, code="9001", now=NOW)
        store.record_answer(unreachable.id, no=0, segment=None, code="SRV-002", now=NOW)
        store.postpone(waiting.id, turn=1, state=BatchState.WAITING, code=None, receipt="r-1", due=DUE, now=NOW)
        assert _released(store, batches) == [
            (BatchState.NEW, None, None),
            (BatchState.SENT, DUE, None),
            (BatchState.SENT, DUE, None),
            (BatchState.NEW, None, None),
            (BatchState.SENT, DUE, None),
            (BatchState.WAITING, DUE, "r-1"),
            (BatchState.NEW, None, None),
        ]
        assert outbox(store) == [never.id, refused.id, unreachable.id]
        assert lost(store, DUE) == [unanswered.id, unknown.id, answered.id, waiting.id]

    def test_only_the_newest_send_tells_what_a_release_does(self, store: Store) -> None:
        """Neither an older send nor the answer to a status query says whether the newest send was refused."""
        _, (asked, twice) = add(store, sizes=(1, 1))
        for batch in (asked, twice):
            begin(store, batch)
        no = store.record_message(asked.id, message_id="SYM-911", request_id="question", now=NOW)
        store.record_answer(asked.id, no=no, segment=9, code="9404", now=NOW)
        store.record_answer(twice.id, no=0, segment=None, code="SRV-003", now=NOW)
        begin(store, twice)
        store.record_answer(twice.id, no=0, segment=9, code="9001", now=NOW)
        assert [state for state, _, _ in _released(store, [asked, twice])] == [BatchState.SENT, BatchState.NEW]

    def test_a_discarded_batch_counts_as_refused(self, store: Store) -> None:
        """Records without an exception of their own are refused with the batch; the others stay as they were."""
        file, (batch, other) = add(store)
        turn = begin(store, batch, exceptions=[new_exception(1, state=RecordState.WAITING)])
        store.park(batch.id, turn=turn, code="GEN-001", now=NOW)
        assert store.decide_batch(batch.id, release=False, reason="r", actor="a", now=NOW)
        assert _figures(store) == (5, 0, 2, 3)
        settle(store, other)
        assert returnable(store) == [file.id]
        assert [(d.action, d.batch_id) for d in store.decisions(file.id)] == [("discard", batch.id)]

    def test_a_redriven_record_gets_a_batch_of_its_own(self, store: Store) -> None:
        """The new batch carries the one record under a new request id; the exception is retried, not open."""
        file, (_, batch) = add(store)
        settle(store, batch, exceptions=[new_exception(5, offset=1234)])
        (exception,) = store.exceptions_of(batch.id)
        (new,) = store.redrive([exception.id], request_ids=["again-1"], reason="fixed", actor="ito", now=DUE)
        assert (new.file_id, new.lane, new.seq, new.first_record, new.records) == (file.id, "tax", 3, 5, 1)
        assert (new.offset, new.spool_length, new.request_id) == (1234, 0, "again-1")
        assert (new.state, new.turn, new.redrive_of) == (BatchState.NEW, 0, exception.id)
        assert new in store.publishable(lost=False, lanes=["tax"], most=9, now=NOW)
        retried = store.exception(exception.id)
        assert retried is not None
        assert (retried.state, retried.reason, retried.actor, retried.changed_at) == (
            RecordState.RETRIED,
            "fixed",
            "ito",
            DUE,
        )
        assert store.payload(exception.id) == Sealed("k1", b"sealed 5")
        assert [(d.action, d.exception_id) for d in store.decisions(file.id)] == [("redrive", exception.id)]

    def test_redriving_twice_does_it_once(self, store: Store) -> None:
        """Ids that were redriven, discarded or never there are passed over, also within one call."""
        _, (batch, _) = add(store)
        settle(store, batch, exceptions=[new_exception(number) for number in (1, 2, 3)])
        one, two, three = (row.id for row in store.exceptions_of(batch.id))
        assert store.discard([two], reason="r", actor="a", now=NOW) == 1
        made = store.redrive([three, two, one, three], request_ids=list("abcd"), reason="r", actor="a", now=NOW)
        assert [(row.redrive_of, row.request_id) for row in made] == [(three, "a"), (one, "c")]
        assert store.redrive([one, three], request_ids=["e", "f"], reason="r", actor="a", now=NOW) == []
        assert store.discard([one, two, three, 10**9], reason="r", actor="a", now=NOW) == 0

    def test_a_request_id_cannot_be_used_again_for_a_redrive(self, store: Store) -> None:
        """The server would take it for the first request: nothing is redriven (STO-005)."""
        _, (batch, _) = add(store)
        settle(store, batch, exceptions=[new_exception(1)])
        (exception,) = store.exceptions_of(batch.id)
        with pytest.raises(StoreError) as caught:
            store.redrive([exception.id], request_ids=[batch.request_id], reason="r", actor="a", now=NOW)
        assert caught.value.fault.code == "STO-005"
        assert store.exception(exception.id) == exception

    def test_a_redriven_record_counts_once_wherever_it_is(self, store: Store) -> None:
        """Refused, in work again, refused again, at last accepted: the sum holds at every step."""
        _, (batch,) = add(store, sizes=(3,))
        settle(store, batch, exceptions=[new_exception(2)])
        assert _figures(store) == (3, 2, 1, 0)
        again = batch
        for attempt in ("a", "b"):
            (exception,) = store.exceptions_of(again.id)
            (again,) = store.redrive([exception.id], request_ids=[attempt], reason="r", actor="a", now=NOW)
            assert _figures(store) == (3, 2, 0, 1)
            assert counts_of(store).oldest_waiting == NOW
            begin(store, again)
            if attempt == "a":
                settle(store, again, exceptions=[new_exception(2, server_code="4003")])
                assert _figures(store) == (3, 2, 1, 0)
        settle(store, again)
        assert _figures(store) == (3, 3, 0, 0)
        assert counts_of(store).sent == 2

    def test_a_file_with_a_redriven_record_is_returned_again(self, store: Store) -> None:
        """The owner hears of the change: the file is in work until the new batch is settled, then returnable."""
        file, (batch,) = add(store, sizes=(3,))
        settle(store, batch, exceptions=[new_exception(2)])
        store.mark_returned(file.id, batches=1, now=NOW)
        (exception,) = store.exceptions_of(batch.id)
        (again,) = store.redrive([exception.id], request_ids=["a"], reason="r", actor="a", now=NOW)
        assert [row.state for row in store.files()] == [FileState.WORKING]
        settle(store, again)
        assert returnable(store) == [file.id]
        assert [row.seq for row in store.batches(file.id)] == [1, 2]

    def test_discarded_records_count_as_refused(self, store: Store) -> None:
        """A record that waits may be discarded; who and why stay with it."""
        _, (batch,) = add(store, sizes=(2,))
        settle(store, batch, exceptions=[new_exception(1, state=RecordState.PARKED, code="SRV-008")])
        (exception,) = store.exceptions_of(batch.id)
        assert _figures(store) == (2, 1, 0, 1)
        assert store.discard([exception.id, exception.id], reason="moved away", actor="ito", now=NOW) == 1
        assert _figures(store) == (2, 1, 1, 0)
        row = store.exception(exception.id)
        assert row is not None
        assert (row.state, row.code, row.reason, row.actor) == (RecordState.DISCARDED, "SRV-008", "moved away", "ito")

    def test_causes_group_what_went_wrong(self, store: Store) -> None:
        """One line per lane, code, server code, item and state; the most frequent first, each with its oldest."""
        _, (batch, other) = add(store, sizes=(4, 1))
        exceptions = [new_exception(number, code="SRV-005", server_code="4001", item="A0010") for number in (1, 2)]
        begin(store, batch, exceptions=[new_exception(3, state=RecordState.WAITING, code="SYM-001")])
        settle(store, batch, exceptions=exceptions)
        settle(store, other, exceptions=[new_exception(5, code="SRV-005", server_code="4001", item="A0010")])
        first, second = store.causes()
        assert (first.lane, first.code, first.server_code, first.item) == ("tax", "SRV-005", "4001", "A0010")
        assert (first.state, first.count, first.oldest) == (RecordState.REFUSED, 3, NOW)
        assert (second.code, second.server_code, second.item, second.count) == ("SYM-001", None, None, 1)

    def test_exceptions_are_listed_by_lane_code_and_state(self, store: Store) -> None:
        """Every filter narrows, the oldest come first, and `most` bounds the list."""
        _, (batch, _) = add(store, sizes=(3, 1))
        _, (other, _) = add(store, "b.dat", lane="welfare", sizes=(3, 1))
        for row in (batch, other):
            exceptions = [new_exception(1), new_exception(2, code="MAP-002", state=RecordState.WAITING)]
            settle(store, row, exceptions=exceptions)
        everything = store.exceptions()
        assert [(row.lane, row.record_no) for row in everything] == [
            ("tax", 1),
            ("tax", 2),
            ("welfare", 1),
            ("welfare", 2),
        ]
        assert store.exceptions(lane="tax") == everything[:2]
        assert store.exceptions(code="MAP-002") == [everything[1], everything[3]]
        assert store.exceptions(states=[RecordState.WAITING, RecordState.PARKED], lane="welfare") == everything[3:]
        assert store.exceptions(most=1) == everything[:1]
        assert store.exception(everything[0].id) == everything[0]
        assert store.exception(10**9) is None
        assert store.payload(10**9) is None

    def test_files_are_listed_newest_first(self, store: Store) -> None:
        """By lane and state, newest first, bounded."""
        first, (batch, other) = add(store, "a.dat")
        second, _ = add(store, "b.dat")
        third, _ = add(store, "c.dat", lane="welfare")
        assert [row.id for row in store.files()] == [third.id, second.id, first.id]
        assert [row.id for row in store.files(lane="tax", most=1)] == [second.id]
        for row in (batch, other):
            settle(store, row)
        assert [row.id for row in store.files(state=FileState.SETTLED)] == [first.id]
        assert store.file(10**9) is None
        assert store.batch(10**9) is None
        assert store.batches(10**9) == []
        assert store.attempts(10**9) == []
        assert store.decisions(10**9) == []

    def test_times_keep_their_moment(self, store: Store) -> None:
        """Times come back to the microsecond, whatever zone they were given in."""
        _, (batch, _) = add(store)
        odd = NOW.astimezone(tz=None) + timedelta(microseconds=1)
        begin(store, batch, due=odd)
        row = store.batch(batch.id)
        assert row is not None
        assert row.due == odd


def _unreadable() -> NewFile:
    return new_file("cut.dat", records=7, held="DEC-012")
