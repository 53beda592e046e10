"""The part of the Store's conformance suite about records of a household, which are sent again together."""

from __future__ import annotations

from kakehashi.domain.batch import RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.ledger import BatchRow, ExceptionRow, FileRow
from kakehashi.ports.redrive import Correction, NewOrder
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW, add, new_exception, settle

__all__ = ["StoreHouseholdConformance"]

_HOMES = (1, 1, 1, 4, 4, None)
"""By record: the first of its household."""


def refused(store: Store, name: str = "a.dat") -> tuple[FileRow, list[ExceptionRow]]:
    """Six records of a settled file: the first of each household has a fault, the others wait; the last has none."""
    file, (batch,) = add(store, name, sizes=(6,))
    exceptions = [
        new_exception(
            number,
            code="MAP-002" if home in (number, None) else "HSH-001",
            state=RecordState.REFUSED if home in (number, None) else RecordState.WAITING,
            household=home,
        )
        for number, home in enumerate(_HOMES, start=1)
    ]
    settle(store, batch, exceptions=exceptions)
    return file, store.exceptions_of(batch.id)


def carried(store: Store, batch: BatchRow) -> list[int]:
    return [row.record_no for row in store.retried_in(batch.id)]


class StoreHouseholdConformance:
    def test_a_household_is_sent_again_as_a_whole(self, store: Store) -> None:
        """Whichever of its records is named, the open ones of it go in one batch, which is named after that one."""
        file, rows = refused(store)
        (made,) = store.redrive([rows[1].id], request_ids=["again"], reason="mended", actor="ito", now=NOW)
        assert (made.records, made.first_record, made.redrive_of, made.request_id) == (3, 1, rows[1].id, "again")
        assert carried(store, made) == [1, 2, 3]
        assert store.households_in(made.id) == {1: 1, 2: 1, 3: 1}
        assert [store.retried_as(row.id) for row in rows[:3]] == [made] * 3
        assert [row.state for row in store.exceptions_of(rows[0].batch_id)][3:] == [
            RecordState.REFUSED,
            RecordState.WAITING,
            RecordState.REFUSED,
        ]
        assert {(d.action, d.actor, d.reason) for d in store.decisions(file.id)} == {("redrive", "ito", "mended")}
        assert store.redrive([rows[0].id], request_ids=["twice"], reason="mended", actor="ito", now=NOW) == []

    def test_two_records_of_a_household_go_once(self, store: Store) -> None:
        """Under the request id of the one that is named first; who has no household goes alone."""
        _, rows = refused(store)
        ids = [rows[at].id for at in (2, 0, 5, 4)]
        made = store.redrive(ids, request_ids=["a", "b", "c", "d"], reason="mended", actor="ito", now=NOW)
        assert [(row.request_id, carried(store, row)) for row in sorted(made, key=lambda row: row.request_id)] == [
            ("a", [1, 2, 3]),
            ("c", [6]),
            ("d", [4, 5]),
        ]
        alone = next(row for row in made if row.request_id == "c")
        assert store.households_in(alone.id) == {}

    def test_what_was_given_up_stays_behind(self, store: Store) -> None:
        """Of a household only open records go again, and those of another file never do."""
        _, rows = refused(store)
        refused(store, "b.dat")
        store.discard([rows[2].id], reason="moved", actor="ito", now=NOW)
        (made,) = store.redrive([rows[0].id], request_ids=["again"], reason="mended", actor="ito", now=NOW)
        assert carried(store, made) == [1, 2]

    def test_a_corrected_record_takes_its_household_along(self, store: Store) -> None:
        """The batch is named after the corrected one; the decision about the others is that they are sent again."""
        _, rows = refused(store)
        correction = Correction(payload=Sealed("k2", b"other"), items=("続柄",), config_hash="abc")
        made = store.correct(rows[4].id, correction, request_id="fixed", reason="typo", actor="ito", now=NOW)
        assert made is not None
        assert (made.redrive_of, carried(store, made), store.correction(made.id)) == (rows[4].id, [4, 5], correction)
        actions = [[each.action for each in store.decisions_about(row.id)] for row in rows]
        assert actions == [[], [], [], ["redrive"], ["correct"], []]

    def test_an_order_never_parts_a_household(self, store: Store) -> None:
        """Smaller batches than a household, and an order about one cause: each household goes whole all the same."""
        _, rows = refused(store)
        placed = store.place_order(
            NewOrder(lane="tax", action=OrderAction.RETRY, reason="mended", actor="ito", per_second=100,
                     placed_at=NOW, code="MAP-002")
        )  # fmt: skip
        moved = store.carry_out(placed.id, batch_records=2, most=100, waiting=1000, now=NOW)
        assert moved is not None
        assert (placed.selected, moved.done, moved.state) == (3, 6, OrderState.DONE)
        made = {row.id: row for row in map(store.retried_as, [row.id for row in rows]) if row is not None}
        assert [carried(store, row) for _, row in sorted(made.items())] == [[1, 2, 3], [4, 5], [6]]

    def test_the_household_of_a_record_is_known(self, store: Store) -> None:
        """All its exceptions, also those that were sent again; none of a record without a household."""
        _, rows = refused(store)
        store.redrive([rows[0].id], request_ids=["again"], reason="mended", actor="ito", now=NOW)
        assert [row.record_no for row in store.household_of(rows[2].id)] == [1, 2, 3]
        assert store.household_of(rows[5].id) == store.household_of(10**9) == []
