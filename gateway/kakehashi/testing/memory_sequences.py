"""Files that come into a ledger in memory, and the sequences that it gives them."""

from __future__ import annotations

from datetime import datetime

from kakehashi.domain.batch import FileState
from kakehashi.domain.sequence import ORDINARY, SECOND, next_place, none_of
from kakehashi.ports.ledger import FileRow, NewFile

__all__ = ["MemorySequences"]


class MemorySequences:
    def __init__(self) -> None:
        self._given: dict[int, int] = {}

    def next(self, count: int, *, at: datetime, extract: bool) -> int:
        return self._give(*next_place(self._last, count, at=at, extract=extract), count)

    def pass_over(self, file: FileRow) -> None:
        """Those of this file are not given a second time."""
        second = ORDINARY if file.as_of is None else file.before_first // SECOND
        self._give(second, max(self._last(second), file.before_first + file.records), 1)

    def file_row(self, file: NewFile, file_id: int, *, batches: int) -> FileRow:
        state = FileState.WORKING if batches else FileState.SETTLED
        before_first = file.before_first
        if before_first is None:
            at, extract = file.as_of or file.received_at, file.as_of is not None
            before_first = self.next(file.records + 1, at=at, extract=extract)
        return FileRow(
            id=file_id,
            lane=file.lane,
            name=file.name,
            digest=file.digest,
            size=file.size,
            records=file.records,
            batches=batches,
            state=state if file.held is None else FileState.HELD,
            code=file.held,
            config_hash=file.config_hash,
            received_at=file.received_at,
            spool=file.spool,
            before_first=before_first,
            why=file.why,
            claim=file.claim,
            as_of=file.as_of,
        )

    def _last(self, second: int) -> int:
        return self._given.get(second, none_of(second))

    def _give(self, second: int, first: int, count: int) -> int:
        self._given[second] = first + count - 1
        return first
