"""The part of the Store's conformance suite about order: what came before a batch, and who died on it."""

from __future__ import annotations

from datetime import timedelta

from kakehashi.domain.batch import BatchState
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add, begin, settle

__all__ = ["StoreOrderConformance"]


class StoreOrderConformance:
    def test_a_batch_has_earlier_ones_until_they_have_ended(self, store: Store) -> None:
        """Those of earlier files, and earlier ones of its own file; in its own lane only."""
        _, (first, second) = add(store, "a.dat", sizes=(1, 1))
        _, (third,) = add(store, "b.dat", sizes=(1,))
        _, (other,) = add(store, "c.dat", lane="welfare", sizes=(1,))
        rows = (first, second, third, other)
        assert [store.has_earlier(row) for row in rows] == [False, True, True, False]
        store.mark_published({second.id: 0, third.id: 0}, due=DUE)
        settle(store, first)
        assert [store.has_earlier(row) for row in rows] == [False, False, True, False]
        turn = begin(store, second)
        assert store.has_earlier(third)
        store.postpone(
            second.id,
            turn=turn,
            state=BatchState.WAITING,
            code=None,
            receipt="R",
            due=DUE,
            now=NOW + timedelta(hours=1),
        )
        assert store.has_earlier(third)

    def test_what_waits_for_an_operator_has_lost_its_place(self, store: Store) -> None:
        """A parked batch or a held file holds up nothing that came after it."""
        _, (parked, second) = add(store, "a.dat", sizes=(1, 1))
        add(store, "held.dat", sizes=(1,), held="DEC-010")
        _, (last,) = add(store, "b.dat", sizes=(1,))
        assert store.park(parked.id, turn=0, code="GEN-001", now=NOW)
        assert not store.has_earlier(second)
        settle(store, second)
        assert not store.has_earlier(last)

    def test_tries_are_counted_by_turn_until_one_ends(self, store: Store) -> None:
        """Each begun try counts; a batch that has moved on has none; neither has one whose step has ended."""
        _, (batch, other) = add(store, sizes=(1, 1))
        ids = [batch.id, other.id]
        assert store.tries(ids) == {}
        store.begin_try(batch.id, turn=0)
        store.begin_try(batch.id, turn=0)
        store.begin_try(other.id, turn=0)
        assert store.tries(ids) == {batch.id: 2, other.id: 1}
        assert store.tries([other.id]) == {other.id: 1}
        store.end_tries([other.id])
        assert store.tries(ids) == {batch.id: 2}
        turn = begin(store, batch)
        assert store.tries(ids) == {}
        store.begin_try(batch.id, turn=turn)
        assert store.tries(ids) == {batch.id: 1}
        store.end_tries(ids)
        assert store.tries(ids) == {}
