"""The part of the Store's conformance suite about acquisitions of symbols and the records that wait for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.symbol import (
    Acquisition,
    AcquisitionState,
    Command,
    HeldNumber,
    Ordered,
    Origin,
    Step,
    Task,
)
from kakehashi.ports.ledger import ExceptionRow
from kakehashi.ports.store import Store
from kakehashi.ports.symbols import ACTOR, REASON, AcquisitionRow, release_request
from kakehashi.testing.store_samples import NOW, add, new_exception, outbox, settle

__all__ = ["StoreSymbolConformance"]

HANA, TARO, JIRO = "000000000000011", "000000000000022", "000000000000033"
_END = {AcquisitionState.LINKED: Command.RELEASE}


def _need(store: Store, *persons: str, origin: Origin = Origin.REGISTERED, again: bool = False) -> int:
    return store.need(persons, origin=origin, now=NOW, again=again)


def _wait(store: Store, *persons: str, name: str = "a.dat") -> list[ExceptionRow]:
    """A file with a record about each, which the server refused for want of a symbol."""
    _, (batch,) = add(store, name, sizes=(len(persons),))
    waiting = [
        new_exception(number, code="SYM-001", state=RecordState.WAITING, server_code="4007", person=person)
        for number, person in enumerate(persons, start=1)
    ]
    assert settle(store, batch, exceptions=waiting)
    return store.exceptions_of(batch.id)


def _end(store: Store, row: AcquisitionRow, state: AcquisitionState = AcquisitionState.LINKED) -> bool:
    ended = replace(row.what, state=state, due=None, since=NOW)
    return store.move(row.id, turn=row.turn, step=Step(ended, _END.get(state)), now=NOW)


def _of(store: Store, person: str) -> AcquisitionRow:
    """The newest one."""
    return store.acquisitions(person=person)[-1]


class StoreSymbolConformance:
    def test_a_person_has_one_live_acquisition(self, store: Store) -> None:
        """It is needed once, also by several at once; who had one is asked for again only on purpose."""
        assert _need(store, HANA, TARO, HANA) == 2
        assert _need(store, HANA) == 0
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: _need(store, JIRO, again=True), range(8)))
        assert [row.what.person for row in store.acquisitions()] == [HANA, TARO, JIRO]
        assert _end(store, _of(store, HANA))
        assert (_need(store, HANA), _need(store, HANA, again=True), _need(store, HANA, again=True)) == (0, 1, 0)
        assert [row.what.state for row in store.acquisitions(person=HANA)] == ["linked", "needed"]

    def test_an_acquisition_is_kept_as_it_is(self, store: Store) -> None:
        """Every part of its state comes back; an older turn changes nothing."""
        assert _need(store, HANA) == 1
        row = _of(store, HANA)
        assert row.what == Acquisition.needed(HANA, origin=Origin.REGISTERED, now=NOW)
        moved = Acquisition(
            person=HANA,
            origin=Origin.STARTED,
            state=AcquisitionState.FORWARDED,
            generation=2,
            failures=3,
            looks=4,
            unknown=1,
            by_hand=True,
            since=NOW + timedelta(minutes=1),
            due=NOW + timedelta(minutes=2),
            number=HeldNumber("k1", b"sealed"),
            expires_at=NOW + timedelta(days=7),
            code="SRV-002",
            server_code="9001",
        )
        assert store.move(row.id, turn=0, step=Step(moved), now=NOW)
        found = store.acquisition(row.id)
        assert found == replace(row, turn=1, what=moved)
        assert not store.move(row.id, turn=0, step=Step(row.what), now=NOW)
        assert store.acquisition(row.id) == found
        assert store.acquisition(0) is None

    def test_what_holds_records_back_is_due_first(self, store: Store) -> None:
        """By origin, then by time; what is not due yet is not told; a rate spreads the beginnings."""
        assert store.need([TARO], origin=Origin.STARTED, now=NOW - timedelta(hours=1)) == 1
        assert _need(store, HANA, origin=Origin.REFUSED) == 1
        assert store.need([JIRO, "000000000000044"], origin=Origin.STARTED, now=NOW, per_second=2) == 2
        assert [row.what.person for row in store.due_acquisitions(most=9, now=NOW)] == [HANA, TARO, JIRO]
        assert [row.what.person for row in store.due_acquisitions(most=1, now=NOW)] == [HANA]
        assert len(store.due_acquisitions(most=9, now=NOW + timedelta(seconds=0.5))) == 4

    def test_a_waiting_record_comes_to_an_acquisition_of_its_person(self, store: Store) -> None:
        """To the live one or to a new one, once; a record that does not wait any more starts nothing."""
        assert _need(store, TARO) == 1
        waiting = _wait(store, HANA, TARO, HANA)
        assert _of(store, TARO).waiting == 0
        assert store.cover_waits(most=99, now=NOW) == 3
        assert store.cover_waits(most=99, now=NOW) == 0
        found = {row.what.person: (row.what.origin, row.waiting) for row in store.acquisitions()}
        assert found == {TARO: (Origin.REGISTERED, 1), HANA: (Origin.REFUSED, 2)}
        assert store.waiting_for_symbol([HANA, JIRO]) == {HANA: [waiting[0].id, waiting[2].id]}
        (gone,) = _wait(store, JIRO, name="b.dat")
        assert store.discard([gone.id], reason="r", actor="a", now=NOW) == 1
        assert store.cover_waits(most=99, now=NOW) == 0
        assert store.acquisitions(person=JIRO) == []

    def test_a_refused_record_waits_for_nothing(self, store: Store) -> None:
        """Only what is settled as waiting waits: a record that was refused before stays refused."""
        _, (batch,) = add(store, sizes=(1,))
        assert settle(store, batch, exceptions=[new_exception(1, person=HANA)])
        assert store.cover_waits(most=99, now=NOW) == 0

    def test_a_linked_symbol_releases_what_waits_for_it(self, store: Store) -> None:
        """All of the person's records, covered or not, go out again in the same transaction; other persons' do not."""
        waiting = _wait(store, HANA, TARO)
        assert store.cover_waits(most=99, now=NOW) == 2
        (late,) = _wait(store, HANA, name="late.dat")
        row = _of(store, HANA)
        assert _end(store, row)
        for exception, state in ((waiting[0], "retried"), (waiting[1], "waiting"), (late, "retried")):
            assert (store.exception(exception.id) or exception).state == state
        made = [store.batch(batch_id) for batch_id in outbox(store)]
        requests = [release_request(row.id, exception.id) for exception in (waiting[0], late)]
        assert [(each.redrive_of, each.request_id) for each in made if each] == [
            (exception.id, request) for exception, request in zip((waiting[0], late), requests, strict=True)
        ]
        decision = store.decisions(late.file_id)[-1]
        assert (decision.action, decision.actor, decision.reason) == ("redrive", ACTOR, REASON)
        assert store.waiting_for_symbol([HANA, TARO]) == {TARO: [waiting[1].id]}
        assert not _end(store, row)
        assert len(outbox(store)) == 2

    def test_a_successor_takes_over_what_waits(self, store: Store) -> None:
        """An expired acquisition and the next one are written together."""
        _wait(store, HANA)
        assert store.cover_waits(most=99, now=NOW) == 1
        row = _of(store, HANA)
        expired = replace(row.what, state=AcquisitionState.EXPIRED, due=None, code="SYM-002")
        successor = replace(row.what, generation=2)
        assert store.move(row.id, turn=0, step=Step(expired, successor=successor), now=NOW)
        old, new = store.acquisitions(person=HANA)
        assert (old.what, old.waiting, new.what, new.turn, new.waiting) == (expired, 0, successor, 0, 1)
        assert _end(store, new)
        assert [(store.batch(batch_id) or row).state for batch_id in outbox(store)] == [BatchState.NEW]  # type: ignore[union-attr]  # a batch

    def test_what_waits_for_a_cancelled_acquisition_is_parked(self, store: Store) -> None:
        """Somebody decides about it; a failed one keeps its records waiting, and a new one takes them over."""
        hers, his = _wait(store, HANA, TARO)
        assert store.cover_waits(most=99, now=NOW) == 2
        assert _end(store, _of(store, HANA), AcquisitionState.CANCELLED)
        assert _end(store, _of(store, TARO), AcquisitionState.FAILED)
        assert (store.exception(hers.id) or hers).state is RecordState.PARKED
        assert (store.exception(his.id) or his).state is RecordState.WAITING
        assert store.cover_waits(most=99, now=NOW) == 0
        assert _need(store, HANA, TARO, again=True) == 2
        assert [_of(store, person).waiting for person in (HANA, TARO)] == [1, 1]
        assert _end(store, _of(store, HANA))
        assert (store.exception(hers.id) or hers).state is RecordState.RETRIED

    def test_what_is_ordered_is_kept_as_it_is(self, store: Store) -> None:
        """A release or a relink is the person's one live row, with who said so and why."""
        relink = Ordered(Task.RELINK, TARO, anew=True, actor="clerk", reason="seen")
        made = Acquisition.ordered(HANA, relink, now=NOW)
        assert store.order(made, now=NOW)
        assert not store.order(made, now=NOW)
        assert [row.what for row in store.due_acquisitions(most=9, now=NOW)] == [made]
        row = _of(store, HANA)
        said = replace(made, said="together", unknown=1)
        assert store.move(row.id, turn=0, step=Step(said), now=NOW)
        assert _of(store, HANA).what == said
        assert _need(store, TARO) == 1
        assert not store.order(Acquisition.ordered(TARO, Ordered(Task.RELEASE), now=NOW), now=NOW)

    def test_who_is_needed_during_a_release_is_marked_once(self, store: Store) -> None:
        """Whoever works on the release is overtaken by that, once; what waits comes to it, and then to the next one."""
        (waiting,) = _wait(store, HANA)
        assert store.order(Acquisition.ordered(HANA, Ordered(Task.RELEASE), now=NOW), now=NOW)
        assert store.cover_waits(most=9, now=NOW) == 1
        assert _need(store, HANA, again=True) == _need(store, HANA) == 0
        row = _of(store, HANA)
        assert (row.what.anew, row.turn, row.waiting) == (True, 1, 1)
        released = replace(row.what, state=AcquisitionState.RELEASED, due=None)
        needed = Acquisition.needed(HANA, origin=Origin.REGISTERED, now=NOW)
        assert store.move(row.id, turn=1, step=Step(released, successor=needed), now=NOW)
        assert [each.what.state for each in store.acquisitions(person=HANA)] == ["released", "needed"]
        assert _of(store, HANA).waiting == 1
        assert (store.exception(waiting.id) or waiting).state is RecordState.WAITING

    def test_a_release_parks_what_waits_and_a_relink_goes_on_with_the_other_number(self, store: Store) -> None:
        """The end of an acquisition and what is told instead are written together; so are a relink and the next."""
        hers, his = _wait(store, HANA, TARO)
        assert store.cover_waits(most=9, now=NOW) == 2
        row = _of(store, HANA)
        cancelled = replace(row.what, state=AcquisitionState.CANCELLED, due=None)
        relinking = Acquisition.ordered(HANA, Ordered(Task.RELINK, TARO), now=NOW)
        assert store.move(row.id, turn=0, step=Step(cancelled, successor=relinking), now=NOW)
        assert (store.exception(hers.id) or hers).state is RecordState.PARKED
        assert _end(store, _of(store, TARO), AcquisitionState.FAILED)
        row = _of(store, HANA)
        relinked = replace(row.what, state=AcquisitionState.RELINKED, due=None)
        needed = Acquisition.needed(TARO, origin=Origin.REGISTERED, now=NOW)
        assert store.move(row.id, turn=0, step=Step(relinked, successor=needed), now=NOW)
        assert [row.what.state for row in store.acquisitions(person=TARO)] == ["failed", "needed"]
        assert _of(store, TARO).waiting == 1
        assert (store.exception(his.id) or his).state is RecordState.WAITING

    def test_a_server_that_contradicts_itself_is_asked_ever_more_rarely(self, store: Store) -> None:
        """Linked and refused again, several times within a day: a pause, then an operator."""
        dues = []
        for _ in range(5):
            assert _need(store, HANA, again=True, origin=Origin.REFUSED) == 1
            row = _of(store, HANA)
            dues.append((row.what.state, row.what.due and (row.what.due - NOW) // timedelta(minutes=1)))
            _end(store, row)
        needed = [("needed", minutes) for minutes in (0, 0, 5, 20)]
        assert dues == [*needed, ("operator", None)]
        tomorrow = NOW + timedelta(days=1)
        assert store.need([HANA], origin=Origin.REFUSED, now=tomorrow, again=True) == 1
        assert _of(store, HANA).what.due == tomorrow

    def test_acquisitions_are_counted_by_state(self, store: Store) -> None:
        """With whether it is done by hand, its code, its age and an example; and listed by them."""
        assert _need(store, HANA, TARO, JIRO) == 3
        row = _of(store, TARO)
        by_hand = replace(row.what, state=AcquisitionState.ISSUED, by_hand=True, code="SYM-008", since=NOW)
        assert store.move(row.id, turn=0, step=Step(by_hand), now=NOW)
        first, second = store.symbol_counts()
        assert (first.state, first.count, first.example) == (AcquisitionState.NEEDED, 2, _of(store, HANA).id)
        assert (second.state, second.by_hand, second.code, second.oldest) == ("issued", True, "SYM-008", NOW)
        assert store.symbol_counts(states=[AcquisitionState.ISSUED, AcquisitionState.OPERATOR]) == [second]
        assert [each.id for each in store.acquisitions(by_hand=True)] == [row.id]
        states = [AcquisitionState.NEEDED]
        assert [each.what.person for each in store.acquisitions(states=states, most=1)] == [HANA]
