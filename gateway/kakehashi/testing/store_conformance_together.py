"""The part of the Store's conformance suite about records that are sent again together, in batches of many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.ledger import BatchRow, ExceptionRow, FileRow, NewPart
from kakehashi.ports.redrive import NewOrder, OrderRow, order_request
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW, add, begin, counts_of, new_exception, outbox, settle

__all__ = ["StoreTogetherConformance"]

_SECOND = timedelta(seconds=1)


def _refused(store: Store, *numbers: int, name: str = "a.dat") -> tuple[FileRow, BatchRow]:
    """A settled file of ten records, of which these were refused with MAP-002."""
    file, (batch,) = add(store, name, sizes=(10,))
    settle(store, batch, exceptions=[new_exception(n, code="MAP-002", offset=n * 300) for n in numbers])
    return file, batch


def _order(store: Store, *, per_second: int = 100, most: int | None = None) -> OrderRow:
    return store.place_order(
        NewOrder(
            lane="tax", action=OrderAction.RETRY, reason="mended", actor="ito", per_second=per_second, placed_at=NOW,
            code="MAP-002", most=most,
        )
    )  # fmt: skip


def _step(store: Store, placed: OrderRow, *, after: int = 0, batch_records: int = 4, waiting: int = 1000) -> int | None:
    """How many records it has decided by now; None: it could not go on."""
    now = NOW + after * _SECOND
    moved = store.carry_out(placed.id, batch_records=batch_records, most=100, waiting=waiting, now=now)
    return None if moved is None else moved.done


def _made(store: Store) -> list[tuple[BatchRow, list[ExceptionRow]]]:
    found = ((store.batch(number), store.retried_in(number)) for number in outbox(store))
    return [(row, carried) for row, carried in found if row is not None]


def _part(first: int, records: int) -> NewPart:
    return NewPart(
        first_record=first, records=records, offset=first * 300, request_id=f"part-{first}", body=Sealed("k", b"part")
    )


class StoreTogetherConformance:
    def test_records_are_sent_again_in_batches_of_many(self, store: Store) -> None:
        """By number, as many as a batch holds; each record keeps its exception, its bytes and a decision of its own."""
        file, batch = _refused(store, 9, 2, 3, 5, 7, 8)
        exceptions = {row.record_no: row for row in store.exceptions_of(batch.id)}
        placed = _order(store)
        assert _step(store, placed) == 6
        (first, four), (second, two) = _made(store)
        assert ([row.record_no for row in four], [row.record_no for row in two]) == ([2, 3, 5, 9], [7, 8])
        assert (first.first_record, first.records, first.offset, first.redrive_of) == (2, 4, 600, exceptions[2].id)
        assert (second.seq, second.state, second.turn) == (3, BatchState.NEW, 0)
        assert {row.state for row in four} == {RecordState.RETRIED}
        assert [store.retried_as(exceptions[n].id) for n in (2, 9, 7)] == [first, first, second]
        assert store.payloads([row.id for row in two]) == {row.id: store.payload(row.id) for row in two}
        assert store.payloads([10**9]) == {}
        decided = {decision.exception_id: decision.order_id for decision in store.decisions(file.id)}
        assert decided == {row.id: placed.id for row in exceptions.values()}
        assert store.retried_in(batch.id) == []
        assert (counts_of(store).waiting, counts_of(store).refused, counts_of(store).accepted) == (6, 0, 4)

    def test_the_request_id_of_a_batch_comes_from_what_it_carries(self, store: Store) -> None:
        """The same records of the same order have the same one, whoever carries the step out."""
        _refused(store, 2, 4)
        placed = _order(store)
        _step(store, placed)
        ((row, carried),) = _made(store)
        assert row.request_id == order_request(placed.id, [each.id for each in carried])
        assert order_request(1, [1]) != order_request(1, [1, 2]) != order_request(2, [1, 2])

    def test_a_batch_is_of_one_file(self, store: Store) -> None:
        """Records of two files are never in one batch; both files are in work again until theirs have ended."""
        files = [_refused(store, 1, 2)[0], _refused(store, 1, name="b.dat")[0]]
        _step(store, _order(store))
        assert [(row.file_id, row.records) for row, _ in _made(store)] == [(files[0].id, 2), (files[1].id, 1)]
        settle(store, _made(store)[0][0])
        assert [(store.file(file.id) or file).state for file in files] == [FileState.SETTLED, FileState.WORKING]

    def test_a_step_takes_whole_batches(self, store: Store) -> None:
        """So the same records come together also where a step is taken again; only the last one may hold fewer."""
        _refused(store, *range(1, 11))
        placed = _order(store, per_second=6, most=9)
        done = [_step(store, placed, after=second, waiting=9) for second in range(4)]
        assert done == [4, 8, None, None]
        for row, _ in _made(store):
            settle(store, row)
        assert _step(store, placed, after=9, waiting=9) == 9
        assert [row.records for row, _ in _made(store)] == [1]
        assert store.orders()[0].state is OrderState.DONE

    def test_a_batch_holds_no_more_than_a_second_of_its_order(self, store: Store) -> None:
        """Nor more than may be on their way."""
        _refused(store, *range(1, 11))
        assert _step(store, _order(store, per_second=3)) == 3
        ((row, _),) = _made(store)
        settle(store, row)
        assert _step(store, _order(store), waiting=2) == 2
        assert [(row.records, row.first_record) for row, _ in _made(store)] == [(2, 4)]

    def test_what_is_parked_is_not_on_its_way(self, store: Store) -> None:
        """It waits for a person, and the order does not wait with it."""
        _refused(store, *range(1, 9))
        placed = _order(store)
        assert (_step(store, placed, waiting=4), _step(store, placed, after=1, waiting=4)) == (4, None)
        ((row, _),) = _made(store)
        assert store.park(row.id, turn=0, code="SRV-003", now=NOW)
        assert _step(store, placed, after=1, waiting=4) == 8

    def test_a_record_that_is_refused_again_has_its_own_number(self, store: Store) -> None:
        """An exception of the new batch; its neighbours are accepted, and it alone is carried once more."""
        _refused(store, 2, 5, 9)
        _step(store, _order(store))
        ((row, _),) = _made(store)
        begin(store, row)
        assert settle(store, row, exceptions=[new_exception(5, code="MAP-002", offset=1500)])
        (again,) = store.exceptions_of(row.id)
        assert (again.record_no, again.offset, again.batch_id) == (5, 1500, row.id)
        assert (counts_of(store).accepted, counts_of(store).refused) == (9, 1)
        _step(store, _order(store))
        ((last, carried),) = _made(store)
        assert ([each.id for each in carried], last.first_record, last.redrive_of) == ([again.id], 5, again.id)

    def test_the_parts_of_a_split_batch_carry_its_records(self, store: Store) -> None:
        """All but those that were refused before it was split, in their order; the sums hold."""
        _, batch = _refused(store, 2, 5, 7, 9)
        ids = {row.record_no: row.id for row in store.exceptions_of(batch.id)}
        _step(store, _order(store))
        ((row, _),) = _made(store)
        turn = begin(store, row, exceptions=[new_exception(5)])
        assert store.split(row.id, turn=turn, parts=[_part(2, 2), _part(9, 1)], code="SRV-015", now=NOW)
        (first, two), (second, one) = _made(store)
        assert ([each.id for each in two], [each.id for each in one]) == ([ids[2], ids[7]], [ids[9]])
        assert (first.redrive_of, first.part_of, second.redrive_of) == (ids[2], row.id, ids[9])
        assert [(store.retried_as(ids[n]) or batch).id for n in (2, 5, 7, 9)] == [first.id, row.id, first.id, second.id]
        assert store.split(first.id, turn=0, parts=[replace(_part(2, 1), request_id="x"), _part(7, 1)], code="SRV-015",
                           now=NOW)  # fmt: skip
        assert [len(carried) for _, carried in _made(store)] == [1, 1, 1]
        assert (counts_of(store).waiting, counts_of(store).refused, counts_of(store).accepted) == (3, 1, 6)
