"""What every Store promises about file ids, and about files that it had forgotten when a backup was restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kakehashi.domain.batch import BatchState, FileState, content_id
from kakehashi.domain.sequence import MOST
from kakehashi.errors import DuplicateContent
from kakehashi.ports.ledger import FileRow
from kakehashi.ports.store import Store
from kakehashi.testing.memory_sequences import MemorySequences
from kakehashi.testing.store_samples import DUE, LANES, NOW, add, begin, new_batches, new_file, outbox, settle

__all__ = ["StoreRestoringConformance"]


def _retake(store: Store, name: str, file_id: int, *, held: str | None = None) -> FileRow:
    file = replace(new_file(name, records=5, held=held), id=file_id)
    ids = [content_id(name, seq) for seq in (1, 2)]
    return store.retake(file, new_batches((3, 2)), request_ids=ids, reason="disk lost", actor="operator", now=NOW)


class StoreRestoringConformance:
    def test_a_file_id_is_given_once(self, store: Store) -> None:
        """Ids that are asked for, and ids of files that come without one, grow together; the newest is told."""
        assert store.newest_file_id() == 0
        first = store.next_file_id()
        file, _ = add(store, "a.dat")
        later = store.next_file_id()
        assert 0 < first < file.id < later == store.newest_file_id()
        taken = store.add_file(
            replace(new_file("b.dat", records=5), id=first), new_batches((3, 2)), request_ids=["one", "two"]
        )
        assert (taken.id, store.newest_file_id()) == (first, later)
        of_five = store.next_file_id(5)
        assert (of_five, store.newest_file_id(), store.next_file_id()) == (later + 1, later + 5, later + 6)

    def test_a_sequence_is_given_once(self, store: Store) -> None:
        """Ordinary ones grow whatever the clock says; an extract's are below all that came in since it was made."""
        five = store.next_sequences(5, at=NOW)
        assert store.next_sequences(1, at=NOW - timedelta(days=1)) == five + 5
        made = NOW - timedelta(hours=3)
        extract = store.next_sequences(1000, at=made, extract=True)
        assert store.next_sequences(1, at=made, extract=True) == extract + 1000
        later = store.next_sequences(1, at=made + timedelta(seconds=1), extract=True)
        assert extract + 1000 < later < five < store.next_sequences(1, at=NOW + timedelta(seconds=1)) < 10**18

    def test_a_full_second_of_extracts_lends_from_the_one_before(self, store: Store) -> None:
        """It is no later, so that nothing newer is overwritten."""
        first = store.next_sequences(MOST, at=NOW, extract=True)
        assert store.next_sequences(7, at=NOW, extract=True) < first

    def test_a_file_has_the_sequences_that_it_brings_or_the_next(self, store: Store) -> None:
        """A sequence leads back to file and record; the one of record 0, and those of nobody, lead nowhere."""
        first, _ = add(store, "a.dat")
        brought = store.next_sequences(6, at=NOW)
        file = replace(new_file("b.dat", records=5), before_first=brought, as_of=NOW)
        row = store.add_file(file, new_batches((3, 2)), request_ids=["one", "two"])
        assert (row.before_first, row.as_of, store.file(row.id)) == (brought, NOW, row)
        assert first.before_first + first.records < brought
        assert store.origin_of(brought + 5) == (row, 5)
        assert store.origin_of(first.before_first + 1) == (first, 1)
        assert [store.origin_of(number) for number in (1, first.before_first, brought, brought + 6)] == [None] * 4

    def test_sequences_of_files_taken_again_are_not_given_again(self, store: Store) -> None:
        """Neither ordinary ones nor those of an extract of the same second."""
        ahead, made = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
        for name, at, as_of in (("a.dat", ahead, None), ("b.dat", made, made)):
            first = MemorySequences().next(6, at=at, extract=as_of is not None)
            file = replace(new_file(name, records=5), id=7 if as_of else 8, before_first=first, as_of=as_of)
            ids = [content_id(name, seq) for seq in (1, 2)]
            store.retake(file, new_batches((3, 2)), request_ids=ids, reason="r", actor="a", now=NOW)
        store.end_restore(newest_file_id=100, now=NOW)
        for number in (store.next_sequences(1, at=NOW), store.next_sequences(1, at=made, extract=True)):
            assert store.origin_of(number) is None
            assert store.origin_of(number - 1) is not None

    def test_a_known_spool_file_is_no_unknown_one(self, store: Store) -> None:
        """Of many names exactly those come back that no file has, in their order."""
        add(store, "a.dat")
        names = [f"spool/{number}.dat" for number in range(40_000)]
        assert store.unknown_spools([names[0], "spool/a.dat", *names[1:]]) == names
        assert store.unknown_spools([]) == []

    def test_a_file_taken_again_may_have_been_sent(self, store: Store) -> None:
        """It has its old id; its batches count as sent without an attempt and are due; the reason is kept."""
        file = _retake(store, "a.dat", 7)
        assert (file.id, file.state) == (7, FileState.WORKING)
        assert outbox(store) == []
        due = store.publishable(lost=True, lanes=LANES, most=10, now=NOW)
        assert [(row.state, row.attempts, row.turn, row.due) for row in due] == [(BatchState.SENT, 0, 0, NOW)] * 2
        (decision,) = store.decisions(7)
        assert (decision.action, decision.actor, decision.reason) == ("retake", "operator", "disk lost")
        assert store.newest_file_id() == 0, "until the restore has ended the ledger is the older one"

    def test_a_held_file_taken_again_is_held(self, store: Store) -> None:
        """What an operator had to decide is decided anew."""
        file = _retake(store, "a.dat", 7, held="DEC-010")
        assert file.state is FileState.HELD
        assert {row.state for row in store.batches(7)} == {BatchState.PARKED}

    def test_what_is_known_is_not_taken_again(self, store: Store) -> None:
        """Neither the same content of the lane nor another file's id; nothing is left of the try."""
        file, batches = add(store, "a.dat")
        for name, file_id in (("a.dat", 7), ("other.dat", file.id)):
            with pytest.raises(DuplicateContent) as caught:
                _retake(store, name, file_id)
            assert caught.value.original == file.id
        assert store.files() == [file]
        assert store.batches(file.id) == batches
        assert store.decisions(file.id) == []

    def test_the_end_of_a_restore_doubts_what_was_not_sent(self, store: Store) -> None:
        """New and queued batches may have been sent meanwhile, all work is due; older ids are not given again."""
        _, (new, queued) = add(store, "a.dat")
        store.mark_published({queued.id: 0}, due=DUE)
        _, (done, sent) = add(store, "b.dat")
        begin(store, done)
        settle(store, done)
        begin(store, sent)
        before = store.batch(done.id)
        later = NOW + timedelta(seconds=1)
        assert store.end_restore(newest_file_id=1000, now=later) == 2
        rows = [store.batch(row.id) for row in (new, queued)]
        assert [(row.state, row.due, row.attempts) for row in rows if row] == [(BatchState.SENT, later, 0)] * 2
        assert store.batch(done.id) == before
        in_work = store.batch(sent.id)
        assert in_work is not None
        assert (in_work.state, in_work.attempts, in_work.due) == (BatchState.SENT, 1, later)
        assert store.next_file_id() == 1001
        assert store.end_restore(newest_file_id=5, now=later) == 0
        assert store.next_file_id() == 1002
