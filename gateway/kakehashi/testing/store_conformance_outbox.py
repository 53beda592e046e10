"""The part of the Store's conformance suite about the outbox: what is to be published, at first or again."""

from __future__ import annotations

from datetime import timedelta

from kakehashi.domain.batch import BatchState
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.store import Store
from kakehashi.testing.store_conformance_order import StoreOrderConformance
from kakehashi.testing.store_samples import DUE, NOW, add, begin, lost, outbox, returnable, settle

__all__ = ["StoreOutboxConformance"]

_LATER = DUE + timedelta(seconds=1)
_MOMENT = timedelta(microseconds=1)


def _state(store: Store, batch: BatchRow) -> BatchState:
    row = store.batch(batch.id)
    assert row is not None
    return row.state


class StoreOutboxConformance(StoreOrderConformance):
    def test_the_outbox_gives_new_batches_oldest_first(self, store: Store) -> None:
        """Every new batch is in the outbox until it is marked as published."""
        _, first = add(store, "a.dat")
        _, second = add(store, "b.dat")
        new = [row.id for row in (*first, *second)]
        assert outbox(store) == new
        assert outbox(store, most=3) == new[:3]
        store.mark_published(dict.fromkeys(new[:2], 0), due=DUE)
        assert outbox(store) == new[2:]
        assert _state(store, first[0]) is BatchState.QUEUED

    def test_a_lost_message_comes_back_into_the_outbox(self, store: Store) -> None:
        """A batch in work whose due time has come is given again, until it is marked with a later due time."""
        _, (batch,) = add(store, sizes=(3,))
        store.mark_published({batch.id: 0}, due=DUE)
        assert lost(store, DUE - _MOMENT) == []
        assert lost(store, DUE) == [batch.id]
        store.mark_published({batch.id: 0}, due=_LATER + timedelta(hours=1))
        assert lost(store, _LATER) == []

    def test_new_and_lost_batches_do_not_take_each_others_place(self, store: Store) -> None:
        """Each kind is asked for by itself; of the lost ones those that are due longest come first."""
        _, batches = add(store, sizes=(1,) * 6)
        one, two, three, *new = [row.id for row in batches]
        for number, (batch_id, minutes) in enumerate(((one, 3), (two, 1), (three, 2))):
            store.mark_published({batch_id: 0}, due=NOW + timedelta(minutes=minutes, microseconds=number))
        assert lost(store, DUE, most=3) == [two, three, one]
        assert lost(store, DUE, most=2) == [two, three]
        assert lost(store, DUE, most=0) == []
        assert outbox(store, most=3) == new

    def test_lanes_that_are_not_asked_for_take_no_place(self, store: Store) -> None:
        """What lies in the lane of a removed route hides neither new nor lost work nor results of the others."""
        gone, held_up = add(store, "gone.dat", lane="removed", sizes=(1,) * 4)
        empty, _ = add(store, "empty.dat", lane="removed", sizes=())
        file, batches = add(store, "a.dat", lane="welfare", sizes=(1, 1))
        other, _ = add(store, "b.dat", lane="tax", sizes=())
        ids = [row.id for row in batches]
        assert outbox(store, most=2) == ids
        assert outbox(store, lanes=()) == []
        assert outbox(store, lanes=("welfare", "removed", "welfare"))[4:] == ids
        store.mark_published({row.id: 0 for row in (*held_up, *batches)}, due=DUE)
        assert lost(store, DUE, most=2) == ids
        for row in batches:
            settle(store, row)
        assert returnable(store, most=2) == [file.id, other.id]
        assert returnable(store, most=1) == [file.id]
        assert returnable(store, lanes=("removed",)) == [empty.id]
        assert gone.id < file.id

    def test_what_is_in_work_is_counted_by_lane(self, store: Store) -> None:
        """Published and not ended: queued, sent, waiting; neither new nor parked nor settled."""
        _, (queued, sent, waiting, done, parked, _) = add(store, sizes=(1,) * 6)
        _, (other,) = add(store, "b.dat", lane="welfare", sizes=(1,))
        store.mark_published(dict.fromkeys((queued.id, sent.id, waiting.id, done.id, parked.id, other.id), 0), due=DUE)
        begin(store, sent)
        turn = begin(store, waiting)
        store.postpone(waiting.id, turn=turn, state=BatchState.WAITING, code=None, receipt="r", due=DUE, now=NOW)
        settle(store, done)
        store.park(parked.id, turn=0, code="BRK-010", now=NOW)
        assert [store.in_work(lanes) for lanes in (["tax"], ["welfare"], ["tax", "welfare", "tax"], [])] == [3, 1, 4, 0]

    def test_a_clock_that_was_set_back_hides_nothing(self, store: Store) -> None:
        """Work that was put off before the clock was set back by hours is given at once, and then only once."""
        _, (batch, other) = add(store)
        begin(store, batch)
        store.mark_published({other.id: 0}, due=DUE)
        back = NOW - timedelta(hours=3)
        assert lost(store, DUE - timedelta(hours=2)) == []
        assert sorted(lost(store, back)) == [batch.id, other.id]
        store.mark_published({batch.id: 1, other.id: 0}, due=back + timedelta(minutes=1))
        assert lost(store, back) == []
        assert sorted(lost(store, back + timedelta(minutes=1))) == [batch.id, other.id]

    def test_a_long_wait_is_no_clock_that_was_set_back(self, store: Store) -> None:
        """A batch that waits for the server's opening hours is left alone until then."""
        _, (batch, _) = add(store)
        turn, morning = begin(store, batch), NOW + timedelta(hours=14)
        assert store.postpone(
            batch.id, turn=turn, state=BatchState.QUEUED, code="SRV-007", receipt=None, due=morning, now=NOW
        )
        assert lost(store, NOW) == lost(store, morning - _MOMENT) == []
        store.mark_published({batch.id: turn + 1}, due=DUE)
        assert lost(store, morning) == [batch.id]
        assert lost(store, morning - _MOMENT) == []

    def test_marking_as_published_changes_nothing_that_moved_on(self, store: Store) -> None:
        """A worker may be faster than the mark: its state stays, and its due time is not brought forward."""
        _, (sent, done) = add(store)
        begin(store, sent, due=_LATER)
        settle(store, done)
        store.mark_published({sent.id: 0}, due=_LATER + timedelta(hours=1))
        assert lost(store, _LATER) == [sent.id], "the message was of an earlier turn"
        store.mark_published({sent.id: 1, done.id: 1}, due=DUE)
        assert (_state(store, sent), _state(store, done)) == (BatchState.SENT, BatchState.SETTLED)
        assert lost(store, _LATER - _MOMENT) == []
