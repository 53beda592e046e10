"""What every Store promises to threads that want the same thing at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.errors import DuplicateContent, StoreUnavailable
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add, counts_of, new_batches, new_file, outbox, settle

__all__ = ["StoreSharingConformance"]


class StoreSharingConformance:
    def _race(self, work: Callable[[int], bool], *, runners: int = 8) -> int:
        """How many of the threads that start `work` at one moment were told True."""
        ready = threading.Barrier(runners)
        won: list[bool] = []

        def run(number: int) -> None:
            ready.wait()
            won.append(work(number))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(runners)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == runners
        return sum(won)

    def test_of_many_that_begin_one_goes_on(self, store: Store) -> None:
        """Threads that begin the same turn at one moment: one wins, and one Attempt is written."""
        _, batches = add(store, sizes=(1,) * 5)
        for batch in batches:
            won = self._race(
                lambda _, batch=batch: store.begin_attempt(  # type: ignore[misc]  # bound now
                    batch.id, turn=0, message_id="DBM-201", exceptions=(), now=NOW, due=DUE
                )
            )
            assert won == len(store.attempts(batch.id)) == 1

    def test_of_many_that_end_a_turn_one_does(self, store: Store) -> None:
        """Settling, postponing and parking the same turn at one moment: one wins, the others write nothing."""
        _, batches = add(store, sizes=(2,) * 5)
        for batch in batches:
            ways: tuple[Callable[[BatchRow], bool], ...] = (
                lambda batch: settle(store, batch, turn=0, accepted=2),
                lambda batch: store.postpone(
                    batch.id, turn=0, state=BatchState.WAITING, code=None, receipt="r-1", due=DUE, now=NOW
                ),
                lambda batch: store.park(batch.id, turn=0, code="GEN-001", now=NOW),
            )
            assert self._race(lambda number, ways=ways, batch=batch: ways[number % 3](batch)) == 1  # type: ignore[misc]  # as above
        counts_of(store)

    def test_the_last_two_batches_settle_the_file_together(self, store: Store) -> None:
        """Batches of one file that settle at one moment leave it settled: none relies on the other."""
        for number in range(5):
            file, batches = add(store, f"{number}.dat", sizes=(1,) * 4)
            assert self._race(lambda n, batches=batches: settle(store, batches[n]), runners=4) == 4  # type: ignore[misc]  # as above
            row = store.file(file.id)
            assert row is not None
            assert row.state is FileState.SETTLED

    def test_of_many_that_bring_one_file_one_is_taken(self, store: Store) -> None:
        """The same content brought at one moment: one file, the others hear which one it is."""

        def bring(number: int) -> bool:
            try:
                file = new_file(f"{number}.dat", records=1, content="same")
                store.add_file(file, new_batches((1,)), request_ids=[f"request-{number}"])
            except DuplicateContent:
                return False
            return True

        assert self._race(bring) == len(store.files()) == len(outbox(store)) == 1

    def test_a_closed_store_is_unavailable(self, store: Store) -> None:
        """After closing, every call says so in the store's own words."""
        store.check()
        store.close()
        with pytest.raises(StoreUnavailable):
            store.counts()
        store.close()
