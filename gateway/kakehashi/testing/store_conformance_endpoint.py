"""The part of the Store's conformance suite about the server: batches that are split, breakers that are noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.breaker import WHOLE_ENDPOINT, BreakerRow, BreakerState
from kakehashi.errors import StoreError
from kakehashi.ports.ledger import BatchRow, Exchange, NewPart
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import (
    NOW,
    add,
    begin,
    change,
    counts_of,
    exchange,
    new_exception,
    outbox,
    settle,
)

__all__ = ["StoreEndpointConformance"]


def _part(first: int, records: int) -> NewPart:
    body = Sealed("k1", f"records from {first}".encode())
    return NewPart(first_record=first, records=records, offset=first * 100, request_id=f"part-{first}", body=body)


def _split(
    store: Store, batch: BatchRow, parts: Sequence[NewPart], *, turn: int, exchange: Exchange | None = None
) -> bool:
    return store.split(batch.id, turn=turn, parts=parts, code="SRV-015", now=NOW, exchange=exchange)


class StoreEndpointConformance:
    def test_a_split_batch_goes_on_in_its_parts(self, store: Store) -> None:
        """Its parts are new batches after the file's others, each with its bytes; nothing of it waits any more."""
        file, (batch, other) = add(store, sizes=(5, 2))
        assert _split(store, batch, [_part(1, 3), _part(4, 2)], turn=0)
        *_, first, second = store.batches(file.id)
        assert (first.seq, first.first_record, first.records, first.offset, first.part_of) == (3, 1, 3, 100, batch.id)
        assert (second.seq, second.state, second.turn, second.request_id) == (4, BatchState.NEW, 0, "part-4")
        assert store.part_body(second.id) == Sealed("k1", b"records from 4")
        assert store.part_body(batch.id) is None
        assert outbox(store) == [other.id, first.id, second.id]
        row = store.batch(batch.id)
        assert row is not None
        assert (row.state, row.records, row.accepted, row.code, row.due) == (BatchState.SETTLED, 0, 0, "SRV-015", None)
        assert (counts_of(store).received, counts_of(store).waiting, counts_of(store).accepted) == (7, 7, 0)

    def test_the_bytes_of_a_part_are_forgotten_when_it_has_ended(self, store: Store) -> None:
        """Not before: a part in work, or parked, may be published again."""
        file, (batch,) = add(store, sizes=(6,))
        assert _split(store, batch, [_part(1, 2), _part(3, 2), _part(5, 2)], turn=0)
        _, first, second, third = store.batches(file.id)
        assert store.sweep(before=NOW, most=9).bodies == 0
        settle(store, first, accepted=2)
        assert store.park(second.id, turn=0, code="SRV-003", now=NOW)
        assert store.sweep(before=NOW, most=9).bodies == 1
        assert [store.part_body(row.id) is None for row in (first, second, third)] == [True, False, False]

    def test_the_file_ends_with_the_last_part(self, store: Store) -> None:
        """A file is in work until every part is settled; what was accepted is what the parts had accepted."""
        file, (batch,) = add(store, sizes=(4,))
        assert _split(store, batch, [_part(1, 2), _part(3, 2)], turn=0)
        _, first, second = store.batches(file.id)
        assert settle(store, first)
        assert (store.file(file.id) or file).state is FileState.WORKING
        assert settle(store, second, exceptions=[new_exception(3)])
        assert (store.file(file.id) or file).state is FileState.SETTLED
        assert (counts_of(store).accepted, counts_of(store).refused, counts_of(store).waiting) == (3, 1, 0)

    def test_what_was_refused_before_stays_with_the_batch(self, store: Store) -> None:
        """Records that have an exception are in no part; the attempt has its answer, its replica state is forgotten."""
        _, (batch,) = add(store, sizes=(3,))
        turn = begin(store, batch, exceptions=[new_exception(2)], replicas=[change("1", 1)])
        answer = exchange("6001", segment=9)
        assert _split(store, batch, [_part(1, 1), _part(3, 1)], turn=turn, exchange=answer)
        row = store.batch(batch.id)
        assert row is not None
        assert (row.records, [found.record_no for found in store.exceptions_of(batch.id)]) == (1, [2])
        assert [attempt.code for attempt in store.attempts(batch.id)] == ["6001"]
        assert store.newest_replicas([("1", "TM9900000000000001", "2026")]) == {}
        counts = counts_of(store)
        assert (counts.received, counts.refused, counts.waiting) == (3, 1, 2)
        assert store.exceptions(states=[RecordState.REFUSED])[0].batch_id == batch.id

    def test_parts_that_are_not_the_batch_change_nothing(self, store: Store) -> None:
        """One part, an empty one, a record too many or too few, and a taken request id are refused as a whole."""
        file, (batch,) = add(store, sizes=(3,))
        for parts in (
            [_part(1, 3)],
            [_part(1, 3), _part(4, 0)],
            [_part(1, 1), _part(2, 1)],
            [_part(1, 2), _part(3, 2)],
        ):
            with pytest.raises(ValueError, match="parts hold"):
                _split(store, batch, parts, turn=0)
        taken = replace(_part(2, 2), request_id=batch.request_id)
        with pytest.raises(StoreError):
            _split(store, batch, [_part(1, 1), taken], turn=0)
        assert store.batches(file.id) == [batch]

    def test_only_who_has_the_turn_splits(self, store: Store) -> None:
        """Of two workers one splits; the other one's answer is written down, and nothing else."""
        file, (batch,) = add(store, sizes=(2,))
        begin(store, batch)
        assert not _split(store, batch, [_part(1, 1), _part(2, 1)], turn=0, exchange=exchange("6001", segment=9))
        assert len(store.batches(file.id)) == 1
        assert [attempt.code for attempt in store.attempts(batch.id)] == ["6001"]

    def test_a_part_can_be_split_again(self, store: Store) -> None:
        """Parts of parts carry what is left; the sums hold."""
        file, (batch,) = add(store, sizes=(3,))
        assert _split(store, batch, [_part(1, 2), _part(3, 1)], turn=0)
        _, first, last = store.batches(file.id)
        halves = [replace(_part(1, 1), request_id="half-1"), replace(_part(2, 1), request_id="half-2")]
        assert _split(store, first, halves, turn=0)
        assert [row.part_of for row in store.batches(file.id)] == [None, batch.id, batch.id, first.id, first.id]
        assert len(outbox(store)) == 3
        assert last.id in outbox(store)
        assert counts_of(store).waiting == 3

    def test_a_breaker_is_as_it_was_noted_last(self, store: Store) -> None:
        """One row for each name, in place of the one before."""
        assert store.breakers() == []
        opened = BreakerRow(name=WHOLE_ENDPOINT, state=BreakerState.OPEN, since=NOW, code="SRV-002")
        lane = replace(opened, name="tax", state=BreakerState.HALF_OPEN)
        for row in (lane, opened):
            store.note_breaker(row)
        assert store.breakers() == [opened, lane]
        closed = BreakerRow(name=WHOLE_ENDPOINT, state=BreakerState.CLOSED, since=NOW + timedelta(seconds=9))
        store.note_breaker(closed)
        assert store.breakers() == [closed, lane]
