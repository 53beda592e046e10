"""File ids of the ledger in memory, and files that it had forgotten when a backup was restored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kakehashi.domain.batch import BatchState
from kakehashi.ports.ledger import Decision, FileRow, NewBatch, NewFile
from kakehashi.ports.store_rules import IN_WORK, check_batches
from kakehashi.testing.memory_provisions import MemoryProvisionBook

__all__ = ["MemoryRestoring"]


class MemoryRestoring(MemoryProvisionBook):
    """The part of the Store's meaning that keeps the order of files across a restored backup."""

    def next_file_id(self, count: int = 1) -> int:
        with self._transaction() as ledger:
            return ledger.next_file_id(count)

    def next_sequences(self, count: int, *, at: datetime, extract: bool = False) -> int:
        with self._transaction() as ledger:
            return ledger.sequences.next(count, at=at, extract=extract)

    def origin_of(self, sequence: int) -> tuple[FileRow, int] | None:
        with self._transaction() as ledger:
            for file in ledger.files.values():
                if file.before_first < sequence <= file.before_first + file.records:
                    return file, sequence - file.before_first
            return None

    def newest_file_id(self) -> int:
        with self._transaction() as ledger:
            return ledger.newest_file_id

    def unknown_spools(self, names: Sequence[str]) -> list[str]:
        with self._transaction() as ledger:
            known = {file.spool for file in ledger.files.values()}
            return [name for name in names if name not in known]

    def retake(
        self,
        file: NewFile,
        batches: Sequence[NewBatch],
        *,
        request_ids: Sequence[str],
        reason: str,
        actor: str,
        now: datetime,
    ) -> FileRow:
        check_batches(file, batches, request_ids)
        with self._transaction() as ledger:
            row = ledger.add_file(file, batches, request_ids)
            for batch in ledger.batches_of(row.id):
                if batch.state is BatchState.NEW:
                    ledger.update(batch, now=now, state=BatchState.SENT, due=now)
            ledger.decisions.append(Decision(at=now, actor=actor, action="retake", reason=reason, file_id=row.id))
            return row

    def end_restore(self, *, newest_file_id: int, now: datetime) -> int:
        with self._transaction() as ledger:
            ledger.newest_file_id = max(ledger.newest_file_id, newest_file_id)
            for file in ledger.files.values():
                ledger.sequences.pass_over(file)
            unsent = [row for row in ledger.batches.values() if row.state in (BatchState.NEW, BatchState.QUEUED)]
            for row in unsent:
                ledger.update(row, now=now, state=BatchState.SENT)
            for row in ledger.batches.values():
                if row.state in IN_WORK:
                    ledger.batches[row.id] = replace(row, due=now)
            return len(unsent)
