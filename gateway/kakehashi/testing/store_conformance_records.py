"""The part of the Store's conformance suite about what was said of records of exchanges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta

from kakehashi.domain.exchange_record import WithholdingState
from kakehashi.ports.exchange_records import NewWithholding, WithholdingRow
from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import NOW

__all__ = ["StoreRecordConformance"]

_LATER = NOW + timedelta(seconds=30)
_FIRST = NewWithholding(
    person="000000000000011", record_id="a" * 32, withheld="01", reason="理由", actor="hana", placed_at=NOW
)
_OTHER = replace(_FIRST, person="000000000000022", record_id="b" * 32)
_SHOWN = replace(_FIRST, withheld=None, actor="taro")


class StoreRecordConformance:
    def test_one_word_about_a_record_is_open_at_a_time(self, store: Store) -> None:
        """Of many that say something about a record at once one is written down, and all are told which."""
        with ThreadPoolExecutor(4) as pool:
            placed = list(pool.map(store.place_withholding, [_FIRST, _SHOWN] * 4))
        assert sum(new for _, new in placed) == 1
        assert len({row.id for row, _ in placed}) == 1
        assert [row.id for row in store.withholdings()] == [placed[0][0].id]

    def test_a_word_is_kept_with_who_and_why(self, store: Store) -> None:
        """All that was written is read back, by person, and what is open apart."""
        row, new = store.place_withholding(_FIRST)
        other, _ = store.place_withholding(_OTHER)
        assert new
        assert row == WithholdingRow(**asdict(_FIRST), id=row.id)
        assert store.withholdings() == [row, other]
        assert store.withholdings(person=_OTHER.person) == [other]
        done = WithholdingState.DONE
        assert store.note_withholding(other.id, state=done, code=None, server_code="0000", now=_LATER)
        assert store.withholdings(still_open=True) == [row]
        told = replace(other, state=done, ended_at=_LATER, server_code="0000")
        assert store.withholdings(person=_OTHER.person) == [told]

    def test_what_has_ended_stays_as_it_was(self, store: Store) -> None:
        """What is open can be noted again; an end is the last word, and the next one is another row."""
        row, _ = store.place_withholding(_FIRST)
        refused = (WithholdingState.REFUSED, "REC-001", "4017")
        for state, code, server_code in ((WithholdingState.OPEN, "SRV-002", None), refused):
            assert store.note_withholding(row.id, state=state, code=code, server_code=server_code, now=_LATER)
            (known,) = store.withholdings()
            assert (known.state, known.code, known.server_code) == (state, code, server_code)
        assert known.ended_at == _LATER
        done = WithholdingState.DONE
        assert not store.note_withholding(row.id, state=done, code=None, server_code=None, now=_LATER)
        assert not store.note_withholding(row.id + 9, state=done, code=None, server_code=None, now=_LATER)
        shown, new = store.place_withholding(_SHOWN)
        assert (new, shown.withheld, shown.id > row.id) == (True, None, True)
        assert store.withholdings() == [known, shown]
