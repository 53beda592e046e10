"""What every Store promises. Subclass `StoreConformance` with a fixture `store`: a new, empty store.

What comes in and how it is worked on stands here, the rest in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.errors import DuplicateContent, StoreError
from kakehashi.ports.ledger import BatchRow, Exchange, ReplicaChange
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_conformance_characters import StoreCharacterConformance
from kakehashi.testing.store_conformance_distributions import StoreDistributionConformance
from kakehashi.testing.store_conformance_endpoint import StoreEndpointConformance as _Endpoint
from kakehashi.testing.store_conformance_halts import StoreHaltConformance
from kakehashi.testing.store_conformance_inquiries import StoreInquiryConformance
from kakehashi.testing.store_conformance_intake import StoreIntakeConformance
from kakehashi.testing.store_conformance_operators import StoreOperatorConformance
from kakehashi.testing.store_conformance_outbox import StoreOutboxConformance
from kakehashi.testing.store_conformance_provisions import StoreProvisionConformance
from kakehashi.testing.store_conformance_records import StoreRecordConformance
from kakehashi.testing.store_conformance_replicas import StoreReplicaConformance
from kakehashi.testing.store_conformance_restoring import StoreRestoringConformance
from kakehashi.testing.store_conformance_sharing import StoreSharingConformance
from kakehashi.testing.store_conformance_symbols import StoreSymbolConformance
from kakehashi.testing.store_samples import (
    DUE,
    NOW,
    add,
    begin,
    change,
    counts_of,
    exchange,
    new_batches,
    new_exception,
    new_file,
    returnable,
    settle,
)

__all__ = ["StoreConformance"]

_LATER = DUE + timedelta(seconds=1)
_MOMENT = timedelta(microseconds=1)


def _state(store: Store, batch: BatchRow) -> BatchState:
    row = store.batch(batch.id)
    assert row is not None
    return row.state


def _postpone(
    store: Store,
    batch: BatchRow,
    *,
    turn: int,
    state: BatchState = BatchState.WAITING,
    exchange: Exchange | None = None,
) -> bool:
    return store.postpone(
        batch.id, turn=turn, state=state, code="0001", receipt="r-1", due=DUE, now=NOW, exchange=exchange
    )


def _apply(store: Store, batch: BatchRow, replicas: Sequence[ReplicaChange]) -> None:
    begin(store, batch, replicas=replicas)
    settle(store, batch)


class _Intake:
    def test_a_file_and_its_batches_come_in_together(self, store: Store) -> None:
        """A new file is in work, its batches are new, and every field reads back as it was given."""
        file, batches = add(store, "a.dat", sizes=(3, 2))
        assert (file.state, file.batches, file.records, file.code) == (FileState.WORKING, 2, 5, None)
        assert (file.digest, file.received_at, file.spool) == (new_file("a.dat", records=5).digest, NOW, "spool/a.dat")
        assert store.file(file.id) == file
        first, second = batches
        assert (second.seq, second.first_record, second.records, second.offset) == (2, 4, 2, 900)
        assert (second.spool_offset, second.spool_length) == (300, 200)
        assert (first.state, first.turn, first.attempts, first.accepted) == (BatchState.NEW, 0, 0, 0)
        assert (first.file_id, first.lane, first.redrive_of, first.due) == (file.id, "tax", None, None)
        assert first.id < second.id

    def test_the_same_content_is_taken_once_per_lane(self, store: Store) -> None:
        """The same bytes under another name are refused with the id of the first file; another lane may take them."""
        file, _ = add(store, "a.dat")
        again = new_file("b.dat", records=5, content="a.dat")
        with pytest.raises(DuplicateContent) as caught:
            store.add_file(again, new_batches((5,)), request_ids=["x"])
        assert caught.value.original == file.id
        store.add_file(replace(again, lane="welfare"), new_batches((5,)), request_ids=["x"])
        assert [row.lane for row in store.files()] == ["welfare", "tax"]

    def test_a_request_id_belongs_to_one_batch(self, store: Store) -> None:
        """A request id that stands in the ledger refuses the whole file (STO-005): nothing of it is kept."""
        _, batches = add(store, "a.dat")
        with pytest.raises(StoreError) as caught:
            store.add_file(new_file("b.dat", records=2), new_batches((1, 1)), request_ids=["n", batches[0].request_id])
        assert caught.value.fault.code == "STO-005"
        assert len(store.files()) == 1
        assert store.find_request("n") is None

    def test_batches_must_hold_all_records_of_the_file(self, store: Store) -> None:
        """Batches that hold more or fewer records than the file are refused before anything is written."""
        for sizes in ((2, 2), (3, 3), ()):
            with pytest.raises(ValueError, match="records"):
                store.add_file(new_file("a.dat", records=5), new_batches(sizes), request_ids=["x", "y"][: len(sizes)])
        assert store.files() == []

    def test_a_file_without_records_is_settled_at_once(self, store: Store) -> None:
        """Nothing will ever settle it later, and its owner must hear of it."""
        file, _ = add(store, "empty.dat", sizes=())
        assert file.state is FileState.SETTLED
        assert returnable(store) == [file.id]


class _Work:
    def test_a_begun_attempt_is_written_before_anything_is_sent(self, store: Store) -> None:
        """The intent to send is a row of its own: message, request id, time; the turn has passed on."""
        _, (batch, _) = add(store)
        assert begin(store, batch) == 1
        row = store.batch(batch.id)
        assert row is not None
        assert (row.state, row.turn, row.attempts, row.due) == (BatchState.SENT, 1, 1, DUE)
        (attempt,) = store.attempts(batch.id)
        assert (attempt.no, attempt.message_id, attempt.request_id) == (1, "DBM-201", batch.request_id)
        assert (attempt.sent_at, attempt.answered_at, attempt.code) == (NOW, None, None)

    def test_an_old_turn_gets_nothing_done(self, store: Store) -> None:
        """Whoever holds a message of an earlier turn is told so, whatever he wants to write."""
        _, (batch, _) = add(store)
        turn = begin(store, batch)
        assert not store.begin_attempt(batch.id, turn=0, message_id="DBM-201", exceptions=(), now=NOW, due=DUE)
        assert not _postpone(store, batch, turn=0)
        assert not store.park(batch.id, turn=0, code="GEN-001", now=NOW)
        assert not settle(store, batch, turn=0)
        assert not settle(store, batch, turn=turn + 1)
        assert len(store.attempts(batch.id)) == 1
        assert settle(store, batch, turn=turn)

    def test_a_batch_that_has_ended_or_is_parked_takes_no_more_work(self, store: Store) -> None:
        """Settled, parked and discarded batches refuse their own turn, too; so does a batch that never was."""
        _, (settled, parked, discarded) = add(store, sizes=(1, 1, 1))
        settle(store, settled)
        for batch in (parked, discarded):
            assert store.park(batch.id, turn=0, code="GEN-001", now=NOW)
        assert store.decide_batch(discarded.id, release=False, reason="r", actor="a", now=NOW)
        for batch_id in (settled.id, parked.id, discarded.id, 10**9):
            assert not store.begin_attempt(batch_id, turn=0, message_id="m", exceptions=(), now=NOW, due=DUE)
            assert not store.park(batch_id, turn=0, code="GEN-001", now=NOW)

    def test_a_postponed_batch_keeps_receipt_and_code_and_changes_turn(self, store: Store) -> None:
        """Nothing final yet: state, code, receipt and due time are set, and the next message has the next turn."""
        _, (batch, _) = add(store)
        turn = begin(store, batch)
        assert _postpone(store, batch, turn=turn)
        row = store.batch(batch.id)
        assert row is not None
        assert (row.state, row.code, row.receipt, row.due, row.turn) == (BatchState.WAITING, "0001", "r-1", DUE, 2)
        assert not _postpone(store, batch, turn=turn)
        with pytest.raises(ValueError, match="settled"):
            _postpone(store, batch, turn=2, state=BatchState.SETTLED)

    def test_polls_and_status_queries_are_kept_without_touching_the_batch(self, store: Store) -> None:
        """A poll has its own number and request id, by which the batch is found; the batch stays as it was."""
        _, (batch, _) = add(store)
        begin(store, batch)
        before = store.batch(batch.id)
        assert store.record_message(batch.id, message_id="DBM-205", request_id="poll-1", now=NOW) == 2
        assert store.batch(batch.id) == before
        assert [(a.no, a.request_id) for a in store.attempts(batch.id)] == [(1, batch.request_id), (2, "poll-1")]
        assert store.find_request("poll-1") == before == store.find_request(batch.request_id)
        assert store.find_request("nobody") is None
        with pytest.raises(ValueError, match="no batch"):
            store.record_message(10**9, message_id="DBM-205", request_id="p", now=NOW)

    def test_an_answer_completes_its_message(self, store: Store) -> None:
        """An answer goes to the message it is numbered for, or to the newest one."""
        _, (batch, _) = add(store)
        begin(store, batch)
        store.record_message(batch.id, message_id="DBM-205", request_id="poll-1", now=NOW)
        store.record_answer(batch.id, no=0, segment=2, code="0001", now=DUE)
        store.record_answer(batch.id, no=1, segment=1, code="0000", now=DUE)
        store.record_answer(batch.id, no=7, segment=9, code="9001", now=DUE)
        assert [(a.no, a.segment, a.code) for a in store.attempts(batch.id)] == [(1, 1, "0000"), (2, 2, "0001")]
        assert {attempt.answered_at for attempt in store.attempts(batch.id)} == {DUE}

    def test_an_exchange_is_written_with_what_follows_from_it(self, store: Store) -> None:
        """The answer to a send completes its message; a question gets its row with its answer; both with the step."""
        _, (batch, _) = add(store)
        turn = begin(store, batch)
        assert _postpone(store, batch, turn=turn, exchange=exchange("0001", segment=2))
        assert _postpone(store, batch, turn=turn + 1, exchange=exchange("SRV-003", question="poll-1"))
        assert settle(store, batch, exchange=exchange("0000", question="poll-2", segment=1))
        assert [(a.no, a.message_id, a.request_id, a.segment, a.code) for a in store.attempts(batch.id)] == [
            (1, "DBM-201", batch.request_id, 2, "0001"),
            (2, "DBM-205", "poll-1", None, "SRV-003"),
            (3, "DBM-205", "poll-2", 1, "0000"),
        ]
        assert {(a.sent_at, a.answered_at) for a in store.attempts(batch.id)} == {(NOW, NOW)}
        assert store.find_request("poll-2") == store.batch(batch.id)

    def test_an_exchange_stays_when_somebody_else_has_gone_on(self, store: Store) -> None:
        """What was said to the server was said, whoever moves the batch."""
        _, (batch, _) = add(store)
        turn = begin(store, batch)
        assert not _postpone(store, batch, turn=turn + 5, exchange=exchange("0001", question="poll-1"))
        assert not settle(store, batch, turn=turn + 5, exchange=exchange("0001", question="poll-2"))
        assert not store.park(batch.id, turn=turn + 5, code="GEN-001", now=NOW, exchange=exchange("9001", segment=9))
        assert [(a.request_id, a.code) for a in store.attempts(batch.id)] == [
            (batch.request_id, None),
            ("poll-1", "0001"),
            ("poll-2", "9001"),
        ]
        assert _state(store, batch) is BatchState.SENT

    def test_refusals_before_sending_stand_once(self, store: Store) -> None:
        """Records refused before the send are written with its intent; a repeated attempt changes none of them."""
        _, (batch, _) = add(store)
        begin(store, batch, exceptions=[new_exception(2, code="MAP-004", item="ITEM", offset=77)])
        begin(store, batch, exceptions=[new_exception(2, code="VAL-001"), new_exception(3)])
        first, second = store.exceptions_of(batch.id)
        assert (first.record_no, first.code, first.item, first.offset) == (2, "MAP-004", "ITEM", 77)
        assert (first.file_id, first.batch_id, first.lane, first.created_at) == (batch.file_id, batch.id, "tax", NOW)
        assert (second.record_no, second.code, second.state) == (3, "VAL-001", RecordState.REFUSED)
        assert store.payload(first.id) == Sealed("k1", b"sealed 2")
        assert settle(store, batch, accepted=1)

    def test_a_batch_settles_with_every_record_accounted_for(self, store: Store) -> None:
        """Accepted records and exceptions, old and new, must be all records: otherwise nothing is written at all."""
        _, (batch, _) = add(store)
        begin(store, batch, exceptions=[new_exception(1)], replicas=[change("1", 5)])
        for accepted, exceptions in ((3, []), (1, []), (2, [new_exception(2)]), (-1, []), (3, [new_exception(1)])):
            with pytest.raises(ValueError, match="records"):
                settle(store, batch, accepted=accepted, exceptions=exceptions)
        assert _state(store, batch) is BatchState.SENT
        assert len(store.exceptions_of(batch.id)) == 1
        assert store.newest_replicas([(change("1", 5).person, "TM99000000000001", "2026")]) == {}
        assert settle(store, batch, accepted=1, exceptions=[new_exception(3, server_code="4001")])
        assert counts_of(store).accepted == 1

    def test_only_operators_mark_records_as_retried_or_discarded(self, store: Store) -> None:
        """An exception that claims to be decided already is refused."""
        _, (batch, _) = add(store)
        for state in (RecordState.RETRIED, RecordState.DISCARDED):
            with pytest.raises(ValueError, match="exception"):
                settle(store, batch, exceptions=[new_exception(1, state=state)])

    def test_a_settled_batch_keeps_its_result(self, store: Store) -> None:
        """The sealed answer of an inquiry reads back as it was; a batch without one has none."""
        _, (batch, other) = add(store)
        settle(store, batch, result=Sealed("k2", b"\x00sealed"))
        assert store.result_of(batch.id) == Sealed("k2", b"\x00sealed")
        assert store.result_of(other.id) is None

    def test_later_wins_by_person_information_and_unit(self, store: Store) -> None:
        """The newest sequence of a key stays, in whatever order batches settle; keys are independent."""
        _, batches = add(store, sizes=(2, 3, 3))
        _apply(store, batches[0], [change("1", 20), change("2", 5)])
        _apply(store, batches[1], [change("1", 10), change("1", 7, unit="2025"), change("2", 6, deleted=True)])
        _apply(store, batches[2], [change("3", 2), change("3", 9), change("3", 4)])
        one, two, three = (change(person, 0).person for person in "123")
        name = "TM99000000000001"
        asked = [(one, name, "2026"), (one, name, "2025"), (two, name, "2026"), (three, name, "2026"), (one, "x", "")]
        expected = dict(zip(asked, (20, 7, 6, 9), strict=False))
        assert dict(store.newest_replicas([*asked, asked[0]])) == expected
        assert store.newest_replicas([]) == {}

    def test_only_what_was_sent_last_and_accepted_becomes_replica_state(self, store: Store) -> None:
        """Refused before sending, refused by the server, sent by an earlier attempt only: none of these; and nothing
        before the batch is settled.
        """
        _, (batch, _) = add(store, sizes=(3, 1))
        key = ("TM99000000000001", "2026")
        asked = [(change(person, 0).person, *key) for person in "1234"]
        begin(store, batch, replicas=[change("4", 1)])
        begin(store, batch, exceptions=[new_exception(1)], replicas=[change("1", 1), change("2", 2), change("3", 3)])
        assert store.newest_replicas(asked) == {}
        settle(store, batch, exceptions=[new_exception(2, server_code="4003", state=RecordState.WAITING)])
        assert store.newest_replicas(asked) == {asked[2]: 3}

    def test_a_discarded_batch_leaves_no_replica_state(self, store: Store) -> None:
        """What an operator discards after it was sent is not counted as accepted, also when it comes back."""
        _, (batch, _) = add(store, sizes=(1, 1))
        turn = begin(store, batch, replicas=[change("1", 1)])
        assert store.park(batch.id, turn=turn, code="SRV-009", now=NOW)
        assert store.decide_batch(batch.id, release=False, reason="r", actor="a", now=NOW)
        assert store.newest_replicas([(change("1", 0).person, "TM99000000000001", "2026")]) == {}

    def test_a_file_is_settled_with_its_last_batch(self, store: Store) -> None:
        """Parked batches keep a file in work; the last settled or discarded one settles it."""
        file, (first, second, third) = add(store, sizes=(1, 1, 1))
        settle(store, first)
        store.park(second.id, turn=0, code="GEN-001", now=NOW)
        settle(store, third)
        assert returnable(store) == []
        assert store.decide_batch(second.id, release=False, reason="r", actor="a", now=NOW)
        settled = store.returnable(lanes=["tax"], most=9)
        assert [(row.id, row.state) for row in settled] == [(file.id, FileState.SETTLED)]
        assert store.mark_returned(file.id, batches=3, now=NOW)
        assert returnable(store) == []
        assert store.files(state=FileState.RETURNED) == [replace(file, state=FileState.RETURNED)]
        assert not store.mark_returned(file.id, batches=3, now=NOW)

    def test_returning_is_for_settled_files(self, store: Store) -> None:
        """A file in work cannot be marked as returned."""
        file, _ = add(store)
        assert not store.mark_returned(file.id, batches=2, now=NOW)
        assert not store.mark_returned(10**9, batches=0, now=NOW)
        assert [row.state for row in store.files()] == [FileState.WORKING]

    def test_a_result_that_a_retry_overtook_is_not_the_last(self, store: Store) -> None:
        """A retry settled while the result was written has another batch: the file is to be returned once more."""
        file, (batch,) = add(store, sizes=(3,))
        settle(store, batch, exceptions=[new_exception(2)])
        (exception,) = store.exceptions_of(batch.id)
        (again,) = store.redrive([exception.id], request_ids=["a"], reason="r", actor="a", now=NOW)
        assert not store.mark_returned(file.id, batches=2, now=NOW)
        settle(store, again)
        assert not store.mark_returned(file.id, batches=1, now=NOW)
        assert returnable(store) == [file.id]
        assert store.mark_returned(file.id, batches=2, now=NOW)


class StoreConformance(
    _Intake,
    StoreIntakeConformance,
    StoreOutboxConformance,
    _Work,
    _Endpoint,
    StoreDistributionConformance,
    StoreHaltConformance,
    StoreOperatorConformance,
    StoreCharacterConformance,
    StoreProvisionConformance,
    StoreRecordConformance,
    StoreReplicaConformance,
    StoreInquiryConformance,
    StoreRestoringConformance,
    StoreSharingConformance,
    StoreSymbolConformance,
):
    """The whole suite."""
