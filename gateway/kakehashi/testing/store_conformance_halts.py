"""What every Store promises of what is stopped, of inquiries by person, and of batches that overtake others."""

from __future__ import annotations

import threading
from dataclasses import replace

from kakehashi.domain.halt import NOTHING_HALTED, HaltAction, HaltMeans, HaltOf
from kakehashi.ports.halts import HaltRow, NewHalt, Sent
from kakehashi.ports.ledger import BatchRow, Inquiries, NewPart
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add, begin, change, new_batches, new_file, outbox, settle

__all__ = ["StoreHaltConformance"]

_PERSON, _NAME = "000000000000007", "TM99000000000001"
_SUSPENSION = NewHalt(
    action=HaltAction.SUSPEND,
    of=HaltOf.PERSON,
    key=_PERSON,
    means=HaltMeans.WITHDRAW,
    reason="r",
    actor="a",
    placed_at=NOW,
)
_LOCK = replace(_SUSPENSION, action=HaltAction.LOCK, of=HaltOf.INFORMATION, key=_NAME, means=HaltMeans.LOCK)


def _begin(store: Store, batch: BatchRow, *, halts: int, inquiries: Inquiries | None = None) -> bool:
    return store.begin_attempt(
        batch.id,
        turn=batch.turn,
        message_id="SKI-301",
        exceptions=[],
        now=NOW,
        due=DUE,
        halts=halts,
        inquiries=inquiries or {},
    )


def _lift(store: Store, halt: NewHalt) -> HaltRow | None:
    return store.lift_halt(halt.action, halt.of, halt.key, reason="over", actor="b", now=DUE)


class StoreHaltConformance:
    def test_what_is_stopped_is_stopped_once_and_says_why(self, store: Store) -> None:
        """A second decision changes nothing, not even the version; after the end it may be stopped anew."""
        assert store.halted() == NOTHING_HALTED
        row, new = store.place_halt(_SUSPENSION)
        assert new
        assert NewHalt(**{name: getattr(row, name) for name in NewHalt.__dataclass_fields__}) == _SUSPENSION
        assert (row.waits_since, row.done_at, row.lifted_at) == (NOW, None, None)
        halted = store.halted()
        assert (halted.persons, dict(halted.information)) == (frozenset({_PERSON}), {})
        assert store.place_halt(replace(_SUSPENSION, reason="another")) == (row, False)
        assert store.halted() == halted
        assert store.halts() == store.halts(of=HaltOf.PERSON, key=_PERSON) == [row]
        assert store.halts(of=HaltOf.INFORMATION) == store.halts(key="1") == []
        lifted = _lift(store, _SUSPENSION)
        assert lifted is not None
        assert (lifted.lifted_at, lifted.lifted_by, lifted.lift_reason) == (DUE, "b", "over")
        assert store.halts() == []
        assert store.halts(standing=False) == [lifted]
        assert _lift(store, _SUSPENSION) is None
        again, new = store.place_halt(_SUSPENSION)
        assert new
        assert again.id > row.id
        assert len({store.halted().version, halted.version, 0}) == 3

    def test_a_lock_of_an_information_tells_since_when(self, store: Store) -> None:
        """A locked person is not suspended: replicas go on."""
        store.place_halt(_LOCK)
        store.place_halt(replace(_LOCK, of=HaltOf.PERSON, key=_PERSON))
        halted = store.halted()
        assert (halted.persons, dict(halted.information)) == (frozenset(), {_NAME: NOW})

    def test_no_intent_is_written_that_does_not_know_the_newest_decision(self, store: Store) -> None:
        """Neither after a stop nor after its end; the batch stays in its turn."""
        _, (first, second) = add(store)
        old = store.halted().version
        store.place_halt(_SUSPENSION)
        assert not _begin(store, first, halts=old)
        assert store.batch(first.id) == first
        assert _begin(store, first, halts=store.halted().version)
        old = store.halted().version
        _lift(store, _SUSPENSION)
        assert not _begin(store, second, halts=old)
        assert _begin(store, second, halts=store.halted().version)

    def test_the_server_is_told_in_the_order_of_decisions(self, store: Store) -> None:
        """A lock, its end and the next lock have growing sequences; what is told waits no more."""
        row, _ = store.place_halt(_LOCK)
        assert store.waiting_halts() == [row]
        store.postpone_halt(row.id, code="SRV-002", due=DUE)
        assert store.waiting_halts() == [replace(row, code="SRV-002", due=DUE)]
        assert not store.told_halt(row.id, lifted=True, now=DUE)
        assert store.told_halt(row.id, lifted=False, now=DUE)
        assert not store.told_halt(row.id, lifted=False, now=DUE)
        assert store.waiting_halts() == []
        assert store.halts() == [replace(row, done_at=DUE)]
        lifted = _lift(store, _LOCK)
        assert lifted is not None
        assert store.waiting_halts() == [lifted]
        assert lifted.waits_since == DUE
        assert not store.told_halt(row.id, lifted=False, now=DUE)
        assert store.told_halt(row.id, lifted=True, now=DUE)
        assert store.waiting_halts() == []
        again, _ = store.place_halt(replace(_LOCK, placed_at=DUE))
        assert row.sequence < (lifted.lift_sequence or 0) < again.sequence

    def test_a_lock_ends_when_nothing_else_keeps_it(self, store: Store) -> None:
        """A person who is locked, and suspended by a lock, stays locked at the server until both are lifted."""
        lock, suspension = replace(_LOCK, of=HaltOf.PERSON, key=_PERSON), replace(_SUSPENSION, means=HaltMeans.LOCK)
        for each in (lock, suspension):
            row, _ = store.place_halt(each)
            store.told_halt(row.id, lifted=False, now=NOW)
        assert _lift(store, lock) is not None
        assert store.waiting_halts() == []
        assert _lift(store, suspension) is not None
        (waiting,) = store.waiting_halts()
        assert waiting.action is HaltAction.SUSPEND
        withdrawn, _ = store.place_halt(_SUSPENSION)
        assert _lift(store, _SUSPENSION) is not None
        assert [row.id for row in store.waiting_halts()] == [waiting.id], withdrawn

    def test_two_decisions_at_once_are_one(self, store: Store) -> None:
        """Whoever comes second is told so."""
        told: list[bool] = []
        threads = [threading.Thread(target=lambda: told.append(store.place_halt(_SUSPENSION)[1])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [False, False, False, True]
        assert len(store.halts(standing=False)) == 1

    def test_intents_and_a_decision_exclude_each_other(self, store: Store) -> None:
        """Of many threads that write intents no one succeeds with the old version after the decision has returned."""
        _, batches = add(store, sizes=(1,) * 24)
        late = threading.Event()
        wrong: list[int] = []

        def work(mine: list[BatchRow]) -> None:
            for batch in mine:
                known, decided = store.halted().version, late.is_set()
                if _begin(store, batch, halts=known) and decided and not known:
                    wrong.append(batch.id)

        threads = [threading.Thread(target=work, args=(batches[at::3],)) for at in range(3)]
        for thread in threads:
            thread.start()
        store.place_halt(_SUSPENSION)
        late.set()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_what_of_a_person_is_in_flight_is_known(self, store: Store) -> None:
        """Deletions too, and nothing of other persons."""
        _, (first, second) = add(store)
        begin(store, first, replicas=[change("7", 1), change("8", 2), change("7", 3, unit="2025")])
        begin(store, second, replicas=[change("7", 4, deleted=True)])
        flying = [change("7", 3, unit="2025"), change("7", 1), change("7", 4, deleted=True)]
        assert store.persons_in_flight(_PERSON) == sorted(flying)
        settle(store, first)
        assert store.persons_in_flight(_PERSON) == [change("7", 4, deleted=True)]

    def test_who_was_asked_about_is_found_again(self, store: Store) -> None:
        """Once, however often the batch is sent."""
        _, (first, second) = add(store)
        assert _begin(store, first, halts=0, inquiries={1: (_PERSON, _NAME), 2: ("8", _NAME)})
        assert _begin(store, replace(first, turn=1), halts=0, inquiries={1: (_PERSON, _NAME)})
        assert _begin(store, second, halts=0, inquiries={4: (_PERSON, "TM99000000000002")})
        asked = Sent(person=_PERSON, batch_id=first.id, record_no=1, info_name=_NAME)
        last = Sent(person=_PERSON, batch_id=second.id, record_no=4, info_name="TM99000000000002")
        assert store.sent_about(person=_PERSON) == [asked, last]
        assert store.sent_about(info_name=_NAME) == [asked, replace(asked, person="8", record_no=2)]
        assert store.sent_about(person="9") == []

    def test_what_was_deleted_is_known_to_have_been_there(self, store: Store) -> None:
        """The newest change of each unit, whatever it does."""
        _, (first, _) = add(store)
        begin(store, first, replicas=[change("7", 1), change("7", 2, unit="2025", deleted=True)])
        settle(store, first)
        assert store.replicas_ever(_PERSON) == [change("7", 2, unit="2025", deleted=True), change("7", 1)]

    def test_urgent_batches_leave_the_outbox_first(self, store: Store) -> None:
        """Also past the ordinary ones of their own lane; their parts too."""
        add(store)
        batches = [replace(each, urgent=True) for each in new_batches((2, 1))]
        row = store.add_file(new_file("u.dat", records=3), batches, request_ids=["u1", "u2"])
        urgent = store.batches(row.id)
        assert [each.urgent for each in urgent] == [True, True]
        assert outbox(store, most=3)[:2] == [each.id for each in urgent]
        assert len(set(outbox(store))) == len(outbox(store)) == 4
        first = urgent[0]
        parts = [
            NewPart(first_record=no, records=1, offset=0, request_id=f"p{no}", body=Sealed("k1", b"b")) for no in (1, 2)
        ]
        assert store.split(first.id, turn=0, parts=parts, code="SRV-015", now=NOW)
        assert [each.urgent for each in store.batches(row.id)] == [True] * 4
