"""What every Store promises to intake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kakehashi.errors import DuplicateContent, Overtaken
from kakehashi.ports.ledger import Refusal, Swept
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW, new_batches, new_file

__all__ = ["StoreIntakeConformance"]


class StoreIntakeConformance:
    """Part of StoreConformance."""

    def test_what_is_told_of_a_held_file_reads_back(self, store: Store) -> None:
        """Its code, why, and the claim under which it came."""
        new = replace(new_file("a.dat", records=0, held="DEC-010"), why="byte 9, expected=2, found=3", claim="drop-1")
        row = store.add_file(new, [], request_ids=[])
        assert (row.code, row.why, row.claim) == ("DEC-010", "byte 9, expected=2, found=3", "drop-1")
        assert store.file(row.id) == row

    def test_nothing_comes_in_under_a_lease_that_has_ended(self, store: Store) -> None:
        """Refused in the same transaction, and nothing of it stays; other owners, and files of none, come in."""
        for _ in range(2):
            store.fence("frozen", now=NOW)
        for owner, name in (("frozen", "a.dat"), ("living", "b.dat"), ("", "c.dat")):
            new = replace(new_file(name, records=1), owner=owner)
            if owner == "frozen":
                with pytest.raises(Overtaken):
                    store.add_file(new, new_batches((1,)), request_ids=[name])
            else:
                store.add_file(new, new_batches((1,)), request_ids=[name])
        assert [row.name for row in store.files()] == ["c.dat", "b.dat"]
        assert store.find_request("a.dat") is None
        known = replace(new_file("b.dat", records=1), owner="frozen")
        with pytest.raises(DuplicateContent):
            store.add_file(known, new_batches((1,)), request_ids=["again"])

    def test_a_file_that_was_not_taken_is_noted_once_per_claim(self, store: Store) -> None:
        """Newest first, by lane; a claim that is noted again keeps its first verdict; without a claim each counts."""
        first = Refusal(
            lane="tax", name="a.dat", code="REF-001", at=NOW, claim="1", size=9, digest=b"x" * 32, original=7
        )
        nameless = Refusal(lane="welfare", name="b.dat", code="REF-005", at=NOW)
        for refusal in (first, replace(first, code="REF-006"), nameless, nameless):
            store.add_refusal(refusal)
        assert store.refusals() == [nameless, nameless, first]
        assert store.refusals(lane="tax") == [first]
        assert store.refusals(most=1) == [nameless]

    def test_what_is_past_keeping_is_forgotten_and_counted(self, store: Store) -> None:
        """Refusals and ended leases older than that, a few at a time; a younger lease still refuses its owner."""
        later = NOW + timedelta(days=1)
        for number, at in enumerate((NOW, NOW, NOW, later)):
            store.add_refusal(Refusal(lane="tax", name=f"{number}", code="REF-005", at=at, claim=f"{number}"))
            store.fence(f"owner {number}", now=at)
        assert store.sweep(before=NOW, most=9) == Swept()
        assert store.sweep(before=later, most=2) == Swept(refusals=2, leases=2)
        assert store.sweep(before=later, most=2) == Swept(refusals=1, leases=1)
        assert [row.name for row in store.refusals()] == ["3"]
        new = replace(new_file("a.dat", records=1), owner="owner 3")
        with pytest.raises(Overtaken):
            store.add_file(new, new_batches((1,)), request_ids=["a"])
        store.add_file(replace(new, owner="owner 0"), new_batches((1,)), request_ids=["a"])
