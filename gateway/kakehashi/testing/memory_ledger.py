"""What the memory store holds, and what changes it. One thread at a time; its caller holds the lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.breaker import BreakerRow
from kakehashi.errors import DuplicateContent, Overtaken, StoreError
from kakehashi.ports.distributions import DistributionRow
from kakehashi.ports.inquiries import Outcomes
from kakehashi.ports.ledger import (
    Attempt,
    BatchRow,
    Cause,
    CharacterRow,
    Decision,
    ExceptionRow,
    Exchange,
    FileRow,
    LaneCounts,
    NewBatch,
    NewException,
    NewFile,
    Refusal,
    ReplicaChange,
)
from kakehashi.ports.redrive import Correction
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store_rules import ENDED, OPEN, check_sum, may_have_arrived, released_as
from kakehashi.ports.vigil import Settled
from kakehashi.testing.memory_characters import MemoryCharacters
from kakehashi.testing.memory_order import MemoryOrder
from kakehashi.testing.memory_sequences import MemorySequences

__all__ = ["Ledger"]

FIRST_BATCH, FIRST_EXCEPTION = 1_000_001, 2_000_001
"""Ids of different kinds never look alike here, so that a test notices when one is taken for another."""


class Ledger:
    def __init__(self) -> None:
        self.files: dict[int, FileRow] = {}
        self.returned: set[int] = set()
        self.fenced: dict[str, datetime] = {}
        self.refusals: list[Refusal] = []
        self.batches: dict[int, BatchRow] = {}
        self.attempts: dict[int, list[Attempt]] = {}
        self.exceptions: dict[int, ExceptionRow] = {}
        self.payloads: dict[int, Sealed] = {}
        self.replicas: dict[tuple[str, str, str], ReplicaChange] = {}
        self.pending_replicas: dict[int, dict[int, ReplicaChange]] = {}
        self.characters = MemoryCharacters()
        self.results: dict[int, Sealed] = {}
        self.outcomes: dict[int, Outcomes] = {}
        self.part_bodies: dict[int, Sealed] = {}
        self.households: dict[int, tuple[int, int]] = {}  # exception → file, first record of its household
        self.waits: dict[int, tuple[str, int | None]] = {}  # exception → person, acquisition
        self.breakers: dict[str, BreakerRow] = {}
        self.decisions: list[Decision] = []
        self.orders: dict[int, MemoryOrder] = {}
        self.corrections: dict[int, Correction] = {}
        self.retries: dict[int, int] = {}  # exception → the batch that carries its record again
        self.distributions: list[DistributionRow] = []
        self._requests: set[str] = set()
        self.newest_file_id = 0
        self.sequences = MemorySequences()
        self._batch_ids = count(FIRST_BATCH)
        self._exception_ids = count(FIRST_EXCEPTION)

    def check_requests(self, request_ids: Sequence[str]) -> None:
        if len(set(request_ids)) < len(request_ids) or not self._requests.isdisjoint(request_ids):
            raise StoreError("STO-005")

    def next_file_id(self, count: int = 1) -> int:
        self.newest_file_id += count
        return self.newest_file_id - count + 1

    def add_file(self, file: NewFile, batches: Sequence[NewBatch], request_ids: Sequence[str]) -> FileRow:
        """Raises DuplicateContent."""
        for known in self.files.values():
            if (known.lane, known.digest) == (file.lane, file.digest) or known.id == file.id:
                raise DuplicateContent(known.id)
        if file.owner in self.fenced:
            raise Overtaken
        self.check_requests(request_ids)
        row = self.sequences.file_row(file, file.id or self.next_file_id(), batches=len(batches))
        self.files[row.id] = row
        for batch, request_id in zip(batches, request_ids, strict=True):
            self.add_batch(row, batch, request_id, now=file.received_at, code=file.held)
        return row

    def add_batch(
        self,
        file: FileRow,
        batch: NewBatch,
        request_id: str,
        *,
        now: datetime,
        code: str | None = None,
        redrive_of: int | None = None,
        part_of: int | None = None,
    ) -> BatchRow:
        row = BatchRow(
            id=next(self._batch_ids),
            file_id=file.id,
            lane=file.lane,
            seq=batch.seq,
            first_record=batch.first_record,
            records=batch.records,
            offset=batch.offset,
            spool_offset=batch.spool_offset,
            spool_length=batch.spool_length,
            state=BatchState.NEW if code is None else BatchState.PARKED,
            turn=0,
            attempts=0,
            request_id=request_id,
            receipt=None,
            code=code,
            due=None,
            accepted=0,
            updated_at=now,
            redrive_of=redrive_of,
            part_of=part_of,
            urgent=batch.urgent,
        )
        self.batches[row.id] = row
        self._requests.add(request_id)
        return row

    def batches_of(self, file_id: int) -> list[BatchRow]:
        return sorted((row for row in self.batches.values() if row.file_id == file_id), key=lambda row: row.seq)

    def is_returnable(self, file_id: int) -> bool:
        file = self.files.get(file_id)
        if file is None or file_id in self.returned:
            return False
        return file.state in (FileState.SETTLED, FileState.REFUSED)

    def mark_returned(self, file_id: int) -> None:
        file = self.files[file_id]
        if file.state is FileState.REFUSED:
            self.returned.add(file_id)
        else:
            self.files[file_id] = replace(file, state=FileState.RETURNED)

    def in_turn(self, batch_id: int, turn: int) -> BatchRow | None:
        row = self.batches.get(batch_id)
        if row is None or row.turn != turn or row.state in ENDED or row.state is BatchState.PARKED:
            return None
        return row

    def update(self, row: BatchRow, *, now: datetime, **changes: object) -> None:
        self.batches[row.id] = replace(row, updated_at=now, **changes)  # type: ignore[arg-type]  # checked by BatchRow

    def add_attempt(self, batch_id: int, message_id: str, request_id: str, now: datetime) -> int:
        attempts = self.attempts.setdefault(batch_id, [])
        no = len(attempts) + 1
        attempts.append(Attempt(batch_id=batch_id, no=no, message_id=message_id, request_id=request_id, sent_at=now))
        return no

    def answer(self, batch_id: int, no: int, segment: int | None, code: str, now: datetime) -> None:
        attempts = self.attempts.get(batch_id, [])
        if 0 <= no <= len(attempts) and attempts:
            attempts[no - 1] = replace(attempts[no - 1], answered_at=now, segment=segment, code=code)

    def add_exchange(self, batch_id: int, exchange: Exchange | None, now: datetime) -> None:
        if exchange is None:
            return
        no = 0
        if exchange.request_id is not None:
            no = self.add_attempt(batch_id, exchange.message_id, exchange.request_id, exchange.sent_at)
        self.answer(batch_id, no, exchange.segment, exchange.code, now)

    def exceptions_of(self, batch_id: int) -> Iterator[ExceptionRow]:
        return (row for row in self.exceptions.values() if row.batch_id == batch_id)

    def check_sum(self, row: BatchRow, accepted: int, exceptions: Sequence[NewException]) -> None:
        numbers = {old.record_no for old in self.exceptions_of(row.id)} | {new.record_no for new in exceptions}
        check_sum(records=row.records, accepted=accepted, excepted=len(numbers))

    def add_exceptions(self, row: BatchRow, exceptions: Sequence[NewException], now: datetime) -> None:
        for new in exceptions:
            number = next(self._exception_ids)  # asked for in vain, it is gone: databases leave such gaps
            if all(old.record_no != new.record_no for old in self.exceptions_of(row.id)):
                self._add_exception(row, new, number, now)

    def _add_exception(self, row: BatchRow, new: NewException, number: int, now: datetime) -> None:
        exception = ExceptionRow(
            id=number,
            file_id=row.file_id,
            batch_id=row.id,
            lane=row.lane,
            record_no=new.record_no,
            code=new.code,
            server_code=new.server_code,
            item=new.item,
            offset=new.offset,
            state=new.state,
            reason=None,
            actor=None,
            created_at=now,
            changed_at=now,
        )
        self.exceptions[exception.id] = exception
        self.payloads[exception.id] = new.payload
        if new.household is not None:
            self.households[exception.id] = row.file_id, new.household
        if new.person is not None and new.state is RecordState.WAITING:
            self.waits[exception.id] = new.person, None

    def apply_replicas(self, batch_id: int) -> None:
        excepted = {row.record_no for row in self.exceptions_of(batch_id)}
        for record_no, change in self.pending_replicas.pop(batch_id, {}).items():
            if record_no in excepted:
                continue
            key = (change.person, change.info_name, change.unit)
            if key not in self.replicas or self.replicas[key].sequence < change.sequence:
                self.replicas[key] = change

    def character_rows(self) -> Iterator[CharacterRow]:
        found = {(row.batch_id, row.record_no): row for row in self.exceptions.values()}
        return self.characters.rows(self.batches.__getitem__, lambda *key: found.get(key))

    def end_file(self, file_id: int) -> None:
        """Settle the file when nothing of it is in work any more."""
        file = self.files[file_id]
        ended = all(row.state in ENDED for row in self.batches.values() if row.file_id == file_id)
        if ended and file.state is FileState.WORKING:
            self.files[file_id] = replace(file, state=FileState.SETTLED)

    def parked_batches(self) -> list[BatchRow]:
        return list(filter(self.is_parked, self.batches.values()))

    def is_parked(self, row: BatchRow) -> bool:
        return row.state is BatchState.PARKED and self.files[row.file_id].state is not FileState.HELD

    def _release(self, row: BatchRow, *, now: datetime) -> None:
        sends = [attempt for attempt in self.attempts.get(row.id, ()) if attempt.request_id == row.request_id]
        may_be_known = bool(sends) and may_have_arrived(segment=sends[-1].segment, code=sends[-1].code)
        state = released_as(receipt=row.receipt, may_be_known=may_be_known)
        due = None if state is BatchState.NEW else now
        self.update(row, now=now, state=state, due=due, turn=row.turn + 1, code=None)

    def is_open(self, exception_id: int) -> bool:
        return exception_id in self.exceptions and self.exceptions[exception_id].state in OPEN

    def discard_all(self, exception_ids: Sequence[int], *, order_id: int | None = None, **why: Any) -> int:
        due = [exception_id for exception_id in dict.fromkeys(exception_ids) if self.is_open(exception_id)]
        for exception_id in due:
            self.decide_record(exception_id, RecordState.DISCARDED, action="discard", order_id=order_id, **why)
        return len(due)

    def decide_batch(self, batch_id: int, *, release: bool, order_id: int | None = None, **why: Any) -> bool:
        row = self.batches.get(batch_id)
        if row is None or not self.is_parked(row):
            return False
        if release:
            self._release(row, now=why["now"])
        else:
            self.update(row, now=why["now"], state=BatchState.DISCARDED)
            self.pending_replicas.pop(batch_id, None)
            self.end_file(row.file_id)
        action = "release" if release else "discard"
        self.write_down(action, file_id=row.file_id, batch_id=batch_id, order_id=order_id, **why)
        return True

    def decide_record(
        self, exception_id: int, state: RecordState, *, action: str, reason: str, actor: str, now: datetime, **of: Any
    ) -> None:
        row = self.exceptions[exception_id]
        self.exceptions[exception_id] = replace(row, state=state, reason=reason, actor=actor, changed_at=now)
        self.note(row, action=action, reason=reason, actor=actor, now=now, **of)

    def note(self, row: ExceptionRow, *, action: str, **of: Any) -> None:
        self.write_down(action, file_id=row.file_id, batch_id=row.batch_id, exception_id=row.id, **of)

    def write_down(self, action: str, *, now: datetime, **of: Any) -> None:
        self.decisions.append(Decision(at=now, action=action, **of))

    def next_seq(self, file_id: int) -> int:
        return 1 + max(row.seq for row in self.batches.values() if row.file_id == file_id)

    def decide_file(self, file: FileRow, *, release: bool, now: datetime) -> None:
        state = FileState.WORKING if release else FileState.REFUSED
        self.files[file.id] = replace(file, state=state, code=None if release else file.code)
        for row in [row for row in self.batches.values() if row.file_id == file.id]:
            to = BatchState.NEW if release else BatchState.DISCARDED
            self.update(row, now=now, state=to, code=None if release else row.code)
        self.end_file(file.id)

    def unexcepted(self, row: BatchRow) -> int:
        return row.records - sum(1 for _ in self.exceptions_of(row.id))

    def count(self, lane: str) -> LaneCounts:
        files = [row for row in self.files.values() if row.lane == lane]
        batches = [row for row in self.batches.values() if row.lane == lane]
        exceptions = [row for row in self.exceptions.values() if row.lane == lane]
        bare_held = [row for row in files if row.state is FileState.HELD and not row.batches]
        bare_refused = [row for row in files if row.state is FileState.REFUSED and not row.batches]
        unsettled = [row for row in batches if row.state not in ENDED]
        discarded = [row for row in batches if row.state is BatchState.DISCARDED]
        gone = [row for row in exceptions if row.state in (RecordState.REFUSED, RecordState.DISCARDED)]
        waiting = [row for row in exceptions if row.state in (RecordState.WAITING, RecordState.PARKED)]
        judged = [row for row in exceptions if row.server_code is not None]
        waiting_files = {row.id for row in bare_held} | {row.file_id for row in unsettled}
        waiting_files |= {row.file_id for row in waiting}
        return LaneCounts(
            lane=lane,
            files=len(files),
            received=sum(row.records for row in files),
            sent=sum(self.unexcepted(row) for row in batches if row.id in self.attempts) + len(judged),
            accepted=sum(row.accepted for row in batches),
            refused=len(gone) + sum(map(self.unexcepted, discarded)) + sum(row.records for row in bare_refused),
            waiting=len(waiting) + sum(map(self.unexcepted, unsettled)) + sum(row.records for row in bare_held),
            oldest_waiting=self.files[min(waiting_files)].received_at if waiting_files else None,
        )

    def settled(self, since: datetime) -> list[Settled]:
        lanes: dict[str, list[int]] = {}
        for row in self.batches.values():
            if row.state is not BatchState.SETTLED or row.updated_at < since:
                continue
            found = list(self.exceptions_of(row.id))
            gone = [e for e in found if e.state in (RecordState.REFUSED, RecordState.DISCARDED) and e.code != "REF-002"]
            sums = lanes.setdefault(row.lane, [0, 0])
            sums[0] += row.records - sum(e.state is RecordState.RETRIED for e in found)
            sums[1] += len(gone)
        return [Settled(lane, *sums) for lane, sums in sorted(lanes.items())]

    def causes(self) -> list[Cause]:
        groups = Counter((row.lane, row.code, row.server_code, row.item, row.state) for row in self.exceptions.values())
        oldest: dict[tuple[object, ...], datetime] = {}
        first: dict[tuple[object, ...], int] = {}
        for row in self.exceptions.values():
            key = (row.lane, row.code, row.server_code, row.item, row.state)
            oldest[key] = min(oldest.get(key, row.created_at), row.created_at)
            first.setdefault(key, row.id)
        causes = [Cause(*key, count=number, oldest=oldest[key], example=first[key]) for key, number in groups.items()]
        return sorted(causes, key=lambda c: (-c.count, c.lane, c.code, c.server_code or "", c.item or "", c.state))
