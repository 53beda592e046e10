"""The part of the Store's conformance suite about inquiries that wait for our decision."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from kakehashi.domain.provision import Inquiry, Provision, ProvisionState, Verdict, Voice
from kakehashi.ports.provisions import ProvisionEntry, ProvisionRow
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW

__all__ = ["StoreProvisionConformance", "inquiry"]

_HANA, _TARO = "000000000000011", "000000000000022"
_SOON = timedelta(seconds=30)


def inquiry(number: int = 1, *, person: str = _HANA, days: int = 7, non_disclosure: bool = False) -> Inquiry:
    """What another body asks about a person, invented."""
    return Inquiry(
        provision_id=f"{number:032x}".translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop")),
        person=person,
        info_name="TM99000000000001",
        unit="2026",
        affair="JM99000000000009",
        procedure="JT99000000000009",
        requester="9999000000000055",
        non_disclosure=non_disclosure,
        asked_at=NOW,
        deadline=NOW + timedelta(days=days),
    )


def _added(store: Store, *inquiries: Inquiry) -> list[ProvisionRow]:
    store.add_provisions(inquiries, now=NOW)
    known = store.known_provisions([each.provision_id for each in inquiries])
    return [known[each.provision_id] for each in inquiries]


def _decided(row: ProvisionRow) -> Provision:
    voice = Voice(actor="hana", verdict=Verdict.DENY, reason="理由", at=NOW, denial="01", aware=True)
    other = replace(voice, actor="taro", aware=False, at=NOW + _SOON)
    decided = replace(row.what, state=ProvisionState.DECIDED, due=NOW + _SOON, voices=(voice, other), failures=2)
    return replace(decided, generation=3, code="SRV-003", server_code="8001")


class StoreProvisionConformance:
    def test_an_inquiry_is_a_task_once(self, store: Store) -> None:
        """However often it is listed, in one list or by several processes at a time."""
        first, second = inquiry(1), inquiry(2, person=_TARO, non_disclosure=True)
        assert store.add_provisions([], now=NOW) == 0
        assert store.add_provisions([first, first], now=NOW) == 1
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda _: store.add_provisions([first, second], now=NOW), range(8)))
        assert sum(made) == 1
        row, other = store.provisions()
        assert (row.what, other.what) == (Provision(inquiry=first, since=NOW), Provision(inquiry=second, since=NOW))
        listed = ProvisionEntry(at=NOW, what="listed", state=ProvisionState.PENDING)
        assert store.provision_entries(row.id) == store.provision_entries(other.id) == [listed]
        assert store.provision_entries(0) == []

    def test_a_decision_is_kept_with_who_and_why(self, store: Store) -> None:
        """All that was written is read back; each move adds an entry and changes none."""
        (row,) = _added(store, inquiry())
        decided = _decided(row)
        entry = ProvisionEntry(
            at=NOW + _SOON,
            what="deny",
            state=ProvisionState.DECIDED,
            actor="taro",
            reason="理由",
            code="PRV-004",
            server_code="4014",
            request_id="a" * 32,
        )
        assert store.move_provision(row.id, turn=0, what=decided, entry=entry)
        moved = store.provision(row.id)
        assert moved == replace(row, turn=1, what=decided)
        assert store.provision_entries(row.id)[1:] == [entry]
        assert store.provision(row.id + 1) is None

    def test_who_was_overtaken_moves_nothing(self, store: Store) -> None:
        """Of many who go on from the same turn one does, and one entry is written."""
        (row,) = _added(store, inquiry())
        entry = ProvisionEntry(at=NOW, what="expired", state=ProvisionState.EXPIRED)
        ended = replace(row.what, state=ProvisionState.EXPIRED)

        def move(_: int) -> bool:
            return store.move_provision(row.id, turn=0, what=ended, entry=entry)

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(move, range(8))) == 1
        assert len(store.provision_entries(row.id)) == 2
        assert not store.move_provision(row.id + 1, turn=0, what=ended, entry=entry)

    def test_lists_are_by_deadline_state_and_person(self, store: Store) -> None:
        """What is most urgent stands first; a limit takes the first of them."""
        late, soon, other = _added(store, inquiry(1), inquiry(2, days=1), inquiry(3, person=_TARO, days=3))
        assert [row.id for row in store.provisions()] == [soon.id, other.id, late.id]
        assert [row.id for row in store.provisions(most=1)] == [soon.id]
        assert [row.id for row in store.provisions(person=_HANA)] == [soon.id, late.id]
        entry = ProvisionEntry(at=NOW, what="deny", state=ProvisionState.DECIDED)
        assert store.move_provision(late.id, turn=0, what=_decided(late), entry=entry)
        assert [row.id for row in store.provisions(states=[ProvisionState.DECIDED])] == [late.id]
        assert [row.id for row in store.provisions(states=[ProvisionState.PENDING])] == [soon.id, other.id]
        assert store.known_provisions(["p" * 32]) == {}

    def test_what_is_due_comes_in_its_order(self, store: Store) -> None:
        """Nothing before its time, and nothing of what has none."""
        rows = _added(store, inquiry(1), inquiry(2), inquiry(3))
        for row, seconds in zip(rows[:2], (20, 10), strict=True):
            what = replace(_decided(row), due=NOW + timedelta(seconds=seconds))
            entry = ProvisionEntry(at=NOW, what="deny", state=what.state)
            assert store.move_provision(row.id, turn=0, what=what, entry=entry)
        assert store.due_provisions(most=9, now=NOW) == []
        later = NOW + timedelta(seconds=20)
        assert [row.id for row in store.due_provisions(most=9, now=later)] == [rows[1].id, rows[0].id]
        assert [row.id for row in store.due_provisions(most=1, now=later)] == [rows[1].id]
