"""The part of the Store's conformance suite about orders over groups of records, and about corrected records."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread

import pytest

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.errors import StoreError
from kakehashi.ports.ledger import BatchRow, FileRow
from kakehashi.ports.redrive import Correction, NewOrder, OrderRow
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.ports.vigil import Flow, Settled
from kakehashi.testing.store_samples import NOW, add, begin, new_exception, outbox, settle

__all__ = ["StoreOrderConformance"]

_SECOND = timedelta(seconds=1)


def order(
    lane: str = "tax",
    *,
    code: str | None = "MAP-002",
    server_code: str | None = None,
    item: str | None = None,
    action: OrderAction = OrderAction.RETRY,
    per_second: int = 100,
    most: int | None = None,
) -> NewOrder:
    return NewOrder(
        lane=lane,
        action=action,
        reason="table mended",
        actor="ito",
        per_second=per_second,
        placed_at=NOW,
        code=code,
        server_code=server_code,
        item=item,
        most=most,
    )


def step(
    store: Store,
    placed: OrderRow,
    *,
    now: datetime = NOW,
    most: int = 100,
    waiting: int = 1000,
    batch_records: int = 1,
) -> OrderRow | None:
    return store.carry_out(placed.id, batch_records=batch_records, most=most, waiting=waiting, now=now)


def refused(store: Store, count: int, *, name: str = "a.dat", lane: str = "tax") -> tuple[FileRow, BatchRow]:
    """A settled file all of whose records were refused with MAP-002 at the item 区分."""
    file, (batch,) = add(store, name, sizes=(count,), lane=lane)
    settle(store, batch, exceptions=[new_exception(n, code="MAP-002", item="区分") for n in range(1, count + 1)])
    return file, batch


def states(store: Store, batch: BatchRow) -> list[RecordState]:
    return [row.state for row in store.exceptions_of(batch.id)]


class StoreOrderConformance:
    def test_an_order_over_dead_letters_is_done_when_it_is_placed(self, store: Store) -> None:
        """It keeps who gave up how many; it chooses no record, also one of the same cause."""
        refused(store, 2)
        placed = store.place_order(order(action=OrderAction.LETTERS, most=7))
        assert (placed.state, placed.selected, placed.done) == (OrderState.DONE, 7, 7)
        assert step(store, placed) is None
        assert store.orders(state=OrderState.OPEN) == []
        assert len(store.exceptions(lane="tax", code="MAP-002")) == 2

    def test_an_order_is_written_down_and_nothing_else_happens(self, store: Store) -> None:
        """It knows how many records it is about, who placed it and why; the records stay as they are."""
        _, batch = refused(store, 3)
        placed = store.place_order(order())
        assert (placed.selected, placed.done, placed.state, placed.due) == (3, 0, OrderState.OPEN, NOW)
        assert (placed.actor, placed.reason, placed.code, placed.most) == ("ito", "table mended", "MAP-002", None)
        assert store.orders() == store.orders(state=OrderState.OPEN) == [placed]
        assert store.orders(state=OrderState.DONE) == []
        assert states(store, batch) == [RecordState.REFUSED] * 3

    def test_a_step_sends_some_again_with_the_orders_reason(self, store: Store) -> None:
        """As many as the step allows, the oldest first; each has its own batch and a decision that names the order."""
        file, batch = refused(store, 3)
        placed = store.place_order(order())
        moved = step(store, placed, most=2)
        assert moved is not None
        assert (moved.done, moved.state) == (2, OrderState.OPEN)
        assert states(store, batch) == [RecordState.RETRIED, RecordState.RETRIED, RecordState.REFUSED]
        assert len(outbox(store)) == 2
        decisions = store.decisions(file.id)
        assert {(d.action, d.actor, d.reason, d.order_id) for d in decisions} == {
            ("redrive", "ito", "table mended", placed.id)
        }
        assert [d.exception_id for d in decisions] == [row.id for row in store.exceptions_of(batch.id)][:2]
        moved = step(store, placed, now=moved.due, most=2)
        assert moved is not None
        assert (moved.done, moved.state) == (3, OrderState.DONE)
        assert step(store, placed, now=NOW + timedelta(days=1)) is None
        assert store.orders() == [moved]

    def test_an_order_keeps_its_rate(self, store: Store) -> None:
        """Two a second: two now, nothing for a second, then two more; the pause does not add up to a burst."""
        _, batch = refused(store, 7)
        placed = store.place_order(order(per_second=2))
        assert [store.orders()[0].done for at in (0, 0.5, 1, 1.5, 9, 9.1, 10) if step_at(store, placed, at)] == [
            2, 4, 6, 7
        ]  # fmt: skip
        assert states(store, batch) == [RecordState.RETRIED] * 7

    def test_a_clock_that_is_set_back_does_not_stop_an_order(self, store: Store) -> None:
        """What was changed later than now is due now."""
        refused(store, 3)
        placed = store.place_order(order(per_second=1))
        assert step(store, placed, now=NOW + timedelta(days=1)) is not None
        assert step(store, placed, now=NOW) is not None
        assert step(store, placed, now=NOW) is None

    def test_an_order_waits_for_what_it_has_sent(self, store: Store) -> None:
        """While so many retried records of the lane are not settled yet it takes no more; other lanes do not count."""
        refused(store, 4)
        refused(store, 4, name="w.dat", lane="welfare")
        placed, other = store.place_order(order()), store.place_order(order("welfare"))
        assert step(store, placed, waiting=3) is not None
        assert (step(store, placed, now=NOW + _SECOND, waiting=3), len(outbox(store))) == (None, 3)
        assert step(store, other, waiting=3) is not None
        first = store.batch(outbox(store)[0])
        assert first is not None
        settle(store, first)
        assert step(store, placed, now=NOW + _SECOND, waiting=3) is not None

    def test_an_order_is_about_one_cause(self, store: Store) -> None:
        """Lane, code, server code and item choose; what is left out chooses nothing."""
        _, (batch, _) = add(store, sizes=(4, 1))
        causes = [("SRV-005", "4001", "A"), ("SRV-005", "4002", "A"), ("SRV-005", "4001", "B"), ("MAP-002", None, "A")]
        new = [new_exception(n, code=c, server_code=s, item=i) for n, (c, s, i) in enumerate(causes, start=1)]
        settle(store, batch, exceptions=new)
        refused(store, 2, name="w.dat", lane="welfare")
        assert store.place_order(order(code=None)).selected == 4
        assert store.place_order(order(code="SRV-005")).selected == 3
        assert store.place_order(order(code="SRV-005", server_code="4001")).selected == 2
        narrow = store.place_order(order(code="SRV-005", server_code="4001", item="B"))
        assert narrow.selected == 1
        moved = step(store, narrow)
        assert moved is not None
        assert (moved.done, moved.state) == (1, OrderState.DONE)
        assert [row.state for row in store.exceptions_of(batch.id)].index(RecordState.RETRIED) == 2
        assert [row.record_no for row in store.exceptions(item="A", server_code="4001")] == [1]

    def test_what_is_refused_again_is_not_sent_again(self, store: Store) -> None:
        """An order covers what was open when it was placed: it never runs in a circle."""
        refused(store, 2)
        placed = store.place_order(order())
        assert step(store, placed, most=1) is not None
        (again,) = (store.batch(number) for number in outbox(store))
        assert again is not None
        begin(store, again)
        settle(store, again, exceptions=[new_exception(1, code="MAP-002", item="区分")])
        moved = step(store, placed, now=NOW + _SECOND)
        assert moved is not None
        assert (moved.done, moved.state) == (2, OrderState.DONE)
        assert [row.state for row in store.exceptions(states=[RecordState.REFUSED])] == [RecordState.REFUSED]

    def test_an_order_ends_after_the_most_that_it_may_decide(self, store: Store) -> None:
        """The others stay open."""
        _, batch = refused(store, 5)
        placed = store.place_order(order(most=2))
        moved = step(store, placed)
        assert moved is not None
        assert (moved.selected, moved.done, moved.state) == (5, 2, OrderState.DONE)
        assert states(store, batch).count(RecordState.REFUSED) == 3

    def test_an_order_discards_without_a_rate(self, store: Store) -> None:
        """What is given up goes to nobody: only the step bounds it."""
        _, batch = refused(store, 5)
        placed = store.place_order(order(action=OrderAction.DISCARD, per_second=1))
        assert step(store, placed, most=3, waiting=0) is not None
        moved = step(store, placed, most=3, waiting=0)
        assert moved is not None
        assert (moved.done, moved.state) == (5, OrderState.DONE)
        assert states(store, batch) == [RecordState.DISCARDED] * 5
        assert outbox(store) == []

    def test_parked_batches_follow_the_records(self, store: Store) -> None:
        """Released whole, when nothing of the records is left; a held file's batches are not the order's business."""
        file, parked = add(store, sizes=(3, 4))
        for batch in parked:
            store.park(batch.id, turn=0, code="SRV-009", now=NOW)
        add(store, "held.dat", held="SRV-009")
        (cause,) = store.parked_causes()
        assert (cause.lane, cause.code, cause.batches, cause.records) == ("tax", "SRV-009", 2, 7)
        assert (cause.oldest, cause.example) == (NOW, parked[0].id)
        placed = store.place_order(order(code="SRV-009", per_second=2))
        assert placed.selected == 7
        moved = step(store, placed)
        assert moved is not None
        assert (moved.done, moved.state, moved.due) == (3, OrderState.OPEN, NOW + 1.5 * _SECOND)
        moved = step(store, placed, now=moved.due)
        assert moved is not None
        moved = step(store, placed, now=moved.due) if moved.state is OrderState.OPEN else moved
        assert moved is not None
        assert (moved.done, moved.state) == (7, OrderState.DONE)
        assert {row.state for row in store.batches(file.id)} == {BatchState.NEW}
        assert [(d.action, d.batch_id, d.order_id) for d in store.decisions(file.id)] == [
            ("release", batch.id, placed.id) for batch in parked
        ]

    def test_a_stopped_order_does_nothing_more(self, store: Store) -> None:
        """Who stopped it and why is kept; it is stopped once; what is done is done."""
        refused(store, 3)
        placed = store.place_order(order())
        step(store, placed, most=1)
        assert store.stop_order(placed.id, reason="wrong table", actor="abe", now=NOW + _SECOND)
        assert not store.stop_order(placed.id, reason="again", actor="abe", now=NOW)
        (row,) = store.orders(state=OrderState.STOPPED)
        assert (row.done, row.stopped_by, row.stop_reason, row.changed_at) == (1, "abe", "wrong table", NOW + _SECOND)
        assert step(store, placed, now=NOW + _SECOND) is None
        assert not store.stop_order(10**9, reason="none", actor="abe", now=NOW)

    def test_two_orders_at_once_decide_each_record_once(self, store: Store) -> None:
        """Placed twice and carried out by four at a time: every record is in one batch and has one decision."""
        file, batch = refused(store, 60)
        placed = [store.place_order(order()), store.place_order(order())]

        def work(number: int) -> None:
            for second in range(40):
                step(store, placed[number % 2], now=NOW + second * _SECOND, most=7, batch_records=3)

        threads = [Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = store.orders()
        assert [row.state for row in rows] == [OrderState.DONE] * 2
        assert sum(row.done for row in rows) == 60
        decided = [decision.exception_id for decision in store.decisions(file.id)]
        assert len(decided) == len(set(decided)) == 60
        carried = sorted(row.record_no for made in outbox(store) for row in store.retried_in(made))
        assert carried == [row.record_no for row in store.exceptions_of(batch.id)]

    def test_a_file_whose_records_an_order_has_still_to_decide_is_known(self, store: Store) -> None:
        """As long as the order is open and one of the file's records lies before it."""
        file, _ = refused(store, 2)
        other, _ = refused(store, 1, name="b.dat")
        placed = store.place_order(order(most=2))
        assert store.is_ordered(file.id)
        step(store, placed, most=1)
        assert store.is_ordered(file.id)
        step(store, placed, now=NOW + _SECOND, most=1)
        assert (store.is_ordered(file.id), store.is_ordered(other.id)) == (False, False)

    def test_what_came_and_what_was_refused_since(self, store: Store) -> None:
        """Files but held and refused ones; records that got their outcome, retried ones with their last batch."""
        since = NOW - _SECOND
        _, batch = refused(store, 4)
        add(store, "held.dat", held="DEC-010")
        add(store, "waiting.dat", sizes=(5,))
        assert (store.flow("tax", since=since), store.flow("welfare", since=since)) == (Flow(2, 9), Flow(0, 0))
        assert store.flow("tax", since=NOW + _SECOND) == Flow(0, 0)
        assert store.settled(since=since) == [Settled("tax", 4, 4)]
        assert store.settled(since=NOW + _SECOND) == []
        ids = [row.id for row in store.exceptions_of(batch.id)]
        again, stale = store.redrive(ids[:2], request_ids=["a", "b"], reason="r", actor="a", now=NOW)
        assert store.settled(since=since) == [Settled("tax", 2, 2)]
        settle(store, again)
        settle(store, stale, exceptions=[new_exception(2, code="REF-002", server_code="4009")])
        assert store.settled(since=since) == [Settled("tax", 4, 2)]

    def test_a_corrected_record_goes_out_with_its_own_bytes(self, store: Store) -> None:
        """Its exception keeps the first ones; the decision says who and why; it is corrected once."""
        file, batch = refused(store, 1)
        (exception,) = store.exceptions_of(batch.id)
        correction = Correction(payload=Sealed("k2", b"other"), items=("区分", "税額"), config_hash="abc")
        made = store.correct(exception.id, correction, request_id="fixed", reason="typo", actor="ito", now=NOW)
        assert made is not None
        assert (made.redrive_of, made.request_id, made.first_record) == (exception.id, "fixed", 1)
        assert store.correction(made.id) == correction
        assert store.payload(exception.id) == Sealed("k1", b"sealed 1")
        assert states(store, batch) == [RecordState.RETRIED]
        assert [(d.action, d.actor, d.reason, d.exception_id) for d in store.decisions(file.id)] == [
            ("correct", "ito", "typo", exception.id)
        ]
        assert store.decisions_about(exception.id) == store.decisions(file.id)
        assert store.retried_as(exception.id) == made
        assert (store.retried_as(10**9), store.decisions_about(10**9)) == (None, [])
        again = store.correct(exception.id, correction, request_id="fixed-2", reason="typo", actor="ito", now=NOW)
        assert (again, store.correction(batch.id), store.files()[0].state) == (None, None, FileState.WORKING)

    def test_a_correction_needs_a_request_id_of_its_own(self, store: Store) -> None:
        """STO-005, and nothing is changed."""
        _, batch = refused(store, 1)
        (exception,) = store.exceptions_of(batch.id)
        correction = Correction(payload=Sealed("k2", b"other"), items=(), config_hash="abc")
        with pytest.raises(StoreError) as caught:
            store.correct(exception.id, correction, request_id=batch.request_id, reason="r", actor="a", now=NOW)
        assert caught.value.fault.code == "STO-005"
        assert states(store, batch) == [RecordState.REFUSED]

    def test_a_note_changes_nothing_but_the_record_of_decisions(self, store: Store) -> None:
        """That somebody was given a record's bytes is written down with the reason."""
        file, batch = refused(store, 1)
        (exception,) = store.exceptions_of(batch.id)
        assert store.note(exception.id, action="reveal", reason="asked by the owner", actor="ito", now=NOW)
        assert not store.note(10**9, action="reveal", reason="r", actor="a", now=NOW)
        assert store.exception(exception.id) == exception
        assert [(d.action, d.exception_id, d.batch_id) for d in store.decisions(file.id)] == [
            ("reveal", exception.id, batch.id)
        ]


def step_at(store: Store, placed: OrderRow, seconds: float) -> OrderRow | None:
    return step(store, placed, now=NOW + seconds * _SECOND)
