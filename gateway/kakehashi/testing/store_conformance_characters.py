"""The part of the Store's conformance suite about characters that did not go through as they were."""

from __future__ import annotations

from kakehashi.domain.batch import RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.ledger import CharacterCount, NewCharacter
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add, begin, new_character, new_exception, settle

__all__ = ["StoreCharacterConformance"]

DEGRADED, RETURNED, CUT = CharacterTrouble.DEGRADED, CharacterTrouble.RETURNED, CharacterTrouble.CUT


def _degraded(record_no: int, target: str = "U+9AD8", *, times: int = 1) -> NewCharacter:
    return new_character(record_no, "U+9AD9", trouble=DEGRADED, target=target, times=times)


class StoreCharacterConformance:
    def test_a_character_is_written_with_the_step_that_met_it(self, store: Store) -> None:
        """Before a send and at the end of a batch: every field reads back, with the exception of its record."""
        file, (first, second) = add(store)
        begin(store, first, exceptions=[new_exception(2)], characters=[new_character(2, times=3), _degraded(1)])
        settle(store, second, exceptions=[new_exception(4)], characters=[new_character(4, "F041", item="住所")])
        rows = store.characters()
        assert [(row.batch_id, row.record_no, row.source) for row in rows] == [
            (first.id, 1, "U+9AD9"),
            (first.id, 2, "F040"),
            (second.id, 4, "F041"),
        ]
        sent, held, _ = rows
        assert (held.lane, held.file_id, held.item, held.offset, held.times) == ("tax", file.id, "氏名", 2, 3)
        assert (held.trouble, held.target, held.seen_at) == (CharacterTrouble.UNMAPPED, None, NOW)
        assert (held.exception_id, held.state) == (store.exceptions_of(first.id)[0].id, RecordState.REFUSED)
        assert (sent.target, sent.exception_id, sent.state) == ("U+9AD8", None, None)

    def test_characters_are_found_by_lane_trouble_and_source(self, store: Store) -> None:
        """And no more of them than were asked for."""
        _, (batch, _) = add(store)
        _, (other, _) = add(store, "b.dat", lane="welfare")
        begin(store, batch, exceptions=[new_exception(1)], characters=[new_character(1), new_character(1, "F041")])
        begin(store, other, characters=[_degraded(1), _degraded(2)])
        assert len(store.characters(lane="tax")) == 2
        assert len(store.characters(trouble=DEGRADED)) == 2
        assert [row.lane for row in store.characters(source="F041")] == ["tax"]
        assert [row.record_no for row in store.characters(lane="welfare", most=1)] == [1]

    def test_counts_are_grouped_by_lane_source_and_target(self, store: Store) -> None:
        """How often, in how many records, how many of them wait, first and last time; the most frequent first."""
        _, (batch, _) = add(store)
        refused = [new_exception(1), new_exception(2)]
        names = [new_character(1, times=2), new_character(1, item="住所"), new_character(2)]
        begin(store, batch, exceptions=refused, characters=[*names, new_character(2, "F041"), _degraded(3, times=9)])
        degraded = CharacterCount("tax", DEGRADED, "U+9AD9", "U+9AD8", 9, 1, 0, NOW, NOW)
        often = CharacterCount("tax", CharacterTrouble.UNMAPPED, "F040", None, 4, 2, 2, NOW, NOW)
        seldom = CharacterCount("tax", CharacterTrouble.UNMAPPED, "F041", None, 1, 1, 1, NOW, NOW)
        assert store.character_counts() == [degraded, often, seldom]

    def test_a_record_that_was_decided_is_not_held_any_more(self, store: Store) -> None:
        """The count of what was met stays; the count of what waits goes down."""
        _, (batch, _) = add(store)
        refused = [new_exception(1), new_exception(2), new_exception(3)]
        begin(store, batch, exceptions=refused, characters=[new_character(number) for number in (1, 2, 3)])
        one, two, _ = (row.id for row in store.exceptions_of(batch.id))
        assert len(store.redrive([one], request_ids=["again"], reason="r", actor="a", now=DUE)) == 1
        assert store.discard([two], reason="r", actor="a", now=DUE) == 1
        assert [row.record_no for row in store.characters(held=True)] == [3]
        (count,) = store.character_counts()
        assert (count.records, count.held) == (3, 1)

    def test_a_new_attempt_says_anew_what_was_replaced(self, store: Store) -> None:
        """Another table, another substitute: what an earlier attempt said of records that were sent is gone; what it
        said of records that it refused stays.
        """
        _, (batch, _) = add(store)
        begin(store, batch, exceptions=[new_exception(1)], characters=[new_character(1), _degraded(2), _degraded(3)])
        begin(store, batch, characters=[_degraded(2, "U+30BF")])
        assert [(row.record_no, row.target) for row in store.characters()] == [(1, None), (2, "U+30BF")]

    def test_the_first_word_about_a_character_stays(self, store: Store) -> None:
        """The same character of the same item of the same record is told once, however often it is written."""
        _, (batch, _) = add(store)
        begin(store, batch, exceptions=[new_exception(1)], characters=[new_character(1, times=2)])
        settle(store, batch, characters=[new_character(1, times=7)])
        assert [row.times for row in store.characters()] == [2]

    def test_a_step_that_did_not_happen_leaves_no_character(self, store: Store) -> None:
        """A stale turn, a file that is not returnable."""
        file, (batch, _) = add(store)
        begin(store, batch)
        assert not store.begin_attempt(
            batch.id, turn=0, message_id="m", exceptions=(), now=NOW, due=DUE, characters=[_degraded(1)]
        )
        assert not settle(store, batch, turn=0, accepted=3, characters=[_degraded(1)])
        assert not store.mark_returned(file.id, batches=2, now=NOW, characters={batch.id: [_degraded(1)]})
        assert store.characters() == []

    def test_a_result_says_anew_what_was_lost_in_it(self, store: Store) -> None:
        """A result that is written again after a retry replaces what the first one said; other kinds stay."""
        file, (batch, other) = add(store)
        settle(store, batch, exceptions=[new_exception(1)], characters=[new_character(1)])
        settle(store, other)
        cut = new_character(2, "", trouble=CUT, times=4)
        degraded = new_character(4, "U+2B743", trouble=RETURNED, target="U+30BF")
        assert store.mark_returned(file.id, batches=2, now=NOW, characters={batch.id: [cut], other.id: [degraded]})
        assert [row.trouble for row in store.characters()] == [CharacterTrouble.UNMAPPED, CUT, RETURNED]
        (again,) = store.redrive(
            [store.exceptions_of(batch.id)[0].id], request_ids=["again"], reason="r", actor="a", now=DUE
        )
        settle(store, again)
        assert store.mark_returned(file.id, batches=3, now=DUE, characters={other.id: [degraded]})
        assert [(row.trouble, row.seen_at) for row in store.characters()] == [
            (CharacterTrouble.UNMAPPED, NOW),
            (RETURNED, DUE),
        ]
