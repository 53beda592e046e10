"""What every Store promises of its replicas as a whole: what a reconciliation reads."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.ports.ledger import BatchRow, ReplicaChange
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW, add, begin, change, new_exception, settle

__all__ = ["StoreReplicaConformance"]

_NAME = "TM99000000000001"


def _settled(store: Store, batch: BatchRow, changes: Sequence[ReplicaChange]) -> None:
    begin(store, batch, replicas=changes)
    assert settle(store, batch)


class StoreReplicaConformance:
    def test_replicas_come_in_the_order_of_person_and_unit(self, store: Store) -> None:
        """Accepted and not deleted, of this information alone; registered again after a deletion counts."""
        _, (first, second) = add(store, sizes=(6, 2))
        other = change("3", 4)._replace(info_name="TM99000000000002")
        gone, back = change("5", 5, deleted=True), change("6", 6, deleted=True)
        _settled(
            store, first, [change("9", 1), change("2", 2, unit="2026"), change("2", 3, unit="2025"), other, gone, back]
        )
        _settled(store, second, [change("6", 7), change("9", 8)])
        expected = [change("2", 3, unit="2025"), change("2", 2, unit="2026"), change("6", 7), change("9", 8)]
        assert list(store.replicas(_NAME)) == expected
        assert list(store.replicas("TM99000000000002")) == [other]
        assert list(store.replicas("TM99000000000003")) == []
        two = [change("2", 3, unit="2025"), change("2", 2, unit="2026")]
        assert store.persons_replicas(two[0].person) == two
        assert store.persons_replicas(gone.person) == []
        assert store.persons_replicas(other.person) == [other]

    def test_what_was_sent_and_is_not_decided_is_in_flight(self, store: Store) -> None:
        """From the intent to send until the batch is settled or discarded; by information."""
        _, (first, second, third) = add(store, sizes=(2, 1, 1))
        assert store.replicas_in_flight(_NAME) == set()
        begin(store, first, replicas=[change("1", 1), change("2", 2, deleted=True)])
        begin(store, second, replicas=[change("3", 3)._replace(info_name="TM99000000000002")])
        turn = begin(store, third, replicas=[change("4", 4)])
        keys = {(change(person, 0).person, "2026") for person in "124"}
        assert store.replicas_in_flight(_NAME) == keys
        assert list(store.replicas(_NAME)) == []
        settle(store, first, exceptions=[new_exception(2)])
        assert store.park(third.id, turn=turn, code="SRV-009", now=NOW)
        assert store.replicas_in_flight(_NAME) == {(change("4", 0).person, "2026")}
        assert store.decide_batch(third.id, release=False, reason="r", actor="a", now=NOW)
        assert store.replicas_in_flight(_NAME) == set()
        assert list(store.replicas(_NAME)) == [change("1", 1)]
