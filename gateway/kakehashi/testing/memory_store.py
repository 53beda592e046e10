"""A ledger in memory: the Store contract without a disk, for tests of whatever stands above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.breaker import BreakerRow
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.inquiries import NO_OUTCOMES, Outcomes, check_outcomes
from kakehashi.ports.ledger import (
    NO_CHARACTERS,
    NO_INQUIRIES,
    NO_REPLICAS,
    Attempt,
    BatchRow,
    Cause,
    CharacterCount,
    CharacterRow,
    CharactersByBatch,
    Decision,
    ExceptionRow,
    Exchange,
    FileRow,
    Inquiries,
    LaneCounts,
    NewBatch,
    NewCharacter,
    NewException,
    NewFile,
    NewPart,
    Refusal,
    ReplicaChange,
    Swept,
)
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store_rules import (
    AGAIN,
    ENDED,
    IN_WORK,
    check_batches,
    check_exceptions,
    check_postponed,
    is_held,
    is_lost,
    marked_due,
)
from kakehashi.testing.memory_characters import counted
from kakehashi.testing.memory_distributions import MemoryDistributionBook
from kakehashi.testing.memory_halts import MemoryHalts
from kakehashi.testing.memory_inquiries import MemoryInquiryBook
from kakehashi.testing.memory_records import MemoryRecordBook
from kakehashi.testing.memory_redrive import redrive, split

__all__ = ["MemoryStore"]


class MemoryStore(MemoryInquiryBook, MemoryHalts, MemoryRecordBook, MemoryDistributionBook):
    """The reference of the Store's meaning; `failure`, when set, is raised by every call instead of working."""

    # Intake
    def add_file(self, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]) -> FileRow:
        check_batches(file, batches, request_ids)
        with self._transaction() as ledger:
            return ledger.add_file(file, batches, request_ids)

    def fence(self, owner: str, *, now: datetime) -> None:  # kept for people who read the real one
        with self._transaction() as ledger:
            ledger.fenced.setdefault(owner, now)

    def add_refusal(self, refusal: Refusal) -> None:
        with self._transaction() as ledger:
            if refusal.claim is None or all(row.claim != refusal.claim for row in ledger.refusals):
                ledger.refusals.append(refusal)

    def refusals(self, *, lane: str | None = None, most: int = 1000) -> list[Refusal]:
        with self._transaction() as ledger:
            return [row for row in reversed(ledger.refusals) if lane in (None, row.lane)][:most]

    def sweep(self, *, before: datetime, most: int) -> Swept:
        with self._transaction() as ledger:
            refusals = [row for row in ledger.refusals if row.at < before][:most]
            leases = [owner for owner, at in ledger.fenced.items() if at < before][:most]
            bodies = [batch for batch in ledger.part_bodies if ledger.batches[batch].state in ENDED][:most]
            ledger.refusals = [row for row in ledger.refusals if row not in refusals]
            for owner in leases:
                del ledger.fenced[owner]
            for batch in bodies:
                del ledger.part_bodies[batch]
            return Swept(len(refusals), len(leases), len(bodies))

    def publishable(self, *, lost: bool, lanes: Sequence[str], most: int, now: datetime) -> list[BatchRow]:
        with self._transaction() as ledger:
            rows = [row for row in ledger.batches.values() if row.lane in lanes]
            if not lost:
                new = (row for row in rows if row.state is BatchState.NEW)
                return sorted(new, key=lambda row: not row.urgent)[:most]
            return sorted((row for row in rows if is_lost(row, now)), key=lambda row: (row.due, row.id))[:most]

    def in_work(self, lanes: Sequence[str]) -> int:
        with self._transaction() as ledger:
            return sum(row.lane in lanes and row.state in IN_WORK for row in ledger.batches.values())

    def mark_published(self, turns: Mapping[int, int], *, due: datetime) -> None:
        with self._transaction() as ledger:
            for row in filter(None, map(ledger.batches.get, turns)):
                if row.turn != turns[row.id]:
                    continue
                if row.state is BatchState.NEW:
                    ledger.batches[row.id] = replace(row, state=BatchState.QUEUED, due=due)
                elif row.state in IN_WORK:
                    ledger.batches[row.id] = replace(row, due=marked_due(row, due))

    # Worker
    def batch(self, batch_id: int) -> BatchRow | None:
        with self._transaction() as ledger:
            return ledger.batches.get(batch_id)

    def begin_attempt(
        self,
        batch_id: int,
        *,
        turn: int,
        message_id: str,
        exceptions: Sequence[NewException],
        now: datetime,
        due: datetime,
        replicas: Mapping[int, ReplicaChange] = NO_REPLICAS,
        characters: Sequence[NewCharacter] = (),
        halts: int | None = None,
        inquiries: Inquiries = NO_INQUIRIES,
        layout_version: str | None = None,
    ) -> bool:
        check_exceptions(exceptions)
        with self._transaction() as ledger:
            row = ledger.in_turn(batch_id, turn)
            if row is None or halts not in (None, self._halts_version):
                return False
            begun = {"attempts": row.attempts + 1, "layout_version": row.layout_version or layout_version}
            ledger.update(row, now=now, state=BatchState.SENT, turn=turn + 1, due=due, **begun)
            ledger.add_attempt(row.id, message_id, row.request_id, now)
            ledger.add_exceptions(row, exceptions, now)
            ledger.pending_replicas[row.id] = dict(replicas)
            self._inquire(row.id, inquiries)
            ledger.characters.forget(row.id, (CharacterTrouble.DEGRADED,))
            ledger.characters.add(row.id, characters, now)
            return True

    def record_message(self, batch_id: int, *, message_id: str, request_id: str, now: datetime) -> int:
        with self._transaction() as ledger:
            if batch_id not in ledger.batches:
                msg = f"no batch {batch_id}"
                raise ValueError(msg)
            return ledger.add_attempt(batch_id, message_id, request_id, now)

    def record_answer(self, batch_id: int, *, no: int, segment: int | None, code: str, now: datetime) -> None:
        with self._transaction() as ledger:
            ledger.answer(batch_id, no, segment, code, now)

    def postpone(
        self,
        batch_id: int,
        *,
        turn: int,
        state: BatchState,
        code: str | None,
        receipt: str | None,
        due: datetime,
        now: datetime,
        exchange: Exchange | None = None,
    ) -> bool:
        check_postponed(state)
        with self._transaction() as ledger:
            ledger.add_exchange(batch_id, exchange, now)
            row = ledger.in_turn(batch_id, turn)
            if row is None:
                return False
            ledger.update(row, now=now, state=state, code=code, receipt=receipt, due=due, turn=turn + 1)
            return True

    def settle(
        self,
        batch_id: int,
        *,
        turn: int,
        accepted: int,
        code: str | None,
        exceptions: Sequence[NewException],
        result: Sealed | None,
        now: datetime,
        exchange: Exchange | None = None,
        characters: Sequence[NewCharacter] = (),
        outcomes: Outcomes = NO_OUTCOMES,
    ) -> bool:
        check_exceptions(exceptions)
        check_outcomes(outcomes, accepted=accepted)
        with self._transaction() as ledger:
            ledger.add_exchange(batch_id, exchange, now)
            row = ledger.in_turn(batch_id, turn)
            if row is None:
                return False
            ledger.check_sum(row, accepted, exceptions)
            ledger.update(row, now=now, state=BatchState.SETTLED, code=code, due=None, accepted=accepted)
            ledger.add_exceptions(row, exceptions, now)
            ledger.apply_replicas(row.id)
            ledger.characters.add(row.id, characters, now)
            if outcomes:
                ledger.outcomes[row.id] = dict(outcomes)
            if result is not None:
                ledger.results[row.id] = result
            ledger.end_file(row.file_id)
            return True

    def split(
        self,
        batch_id: int,
        *,
        turn: int,
        parts: Sequence[NewPart],
        code: str,
        now: datetime,
        exchange: Exchange | None = None,
    ) -> bool:
        with self._transaction() as ledger:
            row = ledger.in_turn(batch_id, turn)
            if row is None:
                ledger.add_exchange(batch_id, exchange, now)
                return False
            split(ledger, row, parts, code=code, now=now, exchange=exchange)
            return True

    def part_body(self, batch_id: int) -> Sealed | None:
        with self._transaction() as ledger:
            return ledger.part_bodies.get(batch_id)

    def note_breaker(self, row: BreakerRow) -> None:
        with self._transaction() as ledger:
            ledger.breakers[row.name] = row

    def breakers(self) -> list[BreakerRow]:
        with self._transaction() as ledger:
            return sorted(ledger.breakers.values(), key=lambda row: row.name)

    def park(self, batch_id: int, *, turn: int, code: str, now: datetime, exchange: Exchange | None = None) -> bool:
        with self._transaction() as ledger:
            ledger.add_exchange(batch_id, exchange, now)
            row = ledger.in_turn(batch_id, turn)
            if row is not None:
                ledger.update(row, now=now, state=BatchState.PARKED, code=code, due=None)
            return row is not None

    # Results
    def returnable(self, *, lanes: Sequence[str], most: int) -> list[FileRow]:
        with self._transaction() as ledger:
            return [row for row in ledger.files.values() if row.lane in lanes and ledger.is_returnable(row.id)][:most]

    def mark_returned(
        self, file_id: int, *, batches: int, now: datetime, characters: CharactersByBatch = NO_CHARACTERS
    ) -> bool:
        with self._transaction() as ledger:
            if not ledger.is_returnable(file_id) or len(ledger.batches_of(file_id)) != batches:
                return False
            ledger.mark_returned(file_id)
            for row in ledger.batches_of(file_id):
                ledger.characters.forget(row.id, AGAIN)
                ledger.characters.add(row.id, characters.get(row.id, ()), now)
            return True

    def batches(self, file_id: int) -> list[BatchRow]:
        with self._transaction() as ledger:
            return ledger.batches_of(file_id)

    def exceptions_of(self, batch_id: int) -> list[ExceptionRow]:
        with self._transaction() as ledger:
            return sorted(ledger.exceptions_of(batch_id), key=lambda row: row.record_no)

    def result_of(self, batch_id: int) -> Sealed | None:
        with self._transaction() as ledger:
            return ledger.results.get(batch_id)

    # Operators
    def counts(self) -> list[LaneCounts]:
        with self._transaction() as ledger:
            return [ledger.count(lane) for lane in sorted({row.lane for row in ledger.files.values()})]

    def files(self, *, lane: str | None = None, state: FileState | None = None, most: int = 1000) -> list[FileRow]:
        with self._transaction() as ledger:
            rows = reversed(ledger.files.values())
            return [row for row in rows if lane in (None, row.lane) and state in (None, row.state)][:most]

    def file(self, file_id: int) -> FileRow | None:
        with self._transaction() as ledger:
            return ledger.files.get(file_id)

    def attempts(self, batch_id: int) -> list[Attempt]:
        with self._transaction() as ledger:
            return list(ledger.attempts.get(batch_id, ()))

    def find_request(self, request_id: str) -> BatchRow | None:
        with self._transaction() as ledger:
            for row in ledger.batches.values():
                if row.request_id == request_id:
                    return row
            for batch_id, attempts in sorted(ledger.attempts.items()):
                if any(attempt.request_id == request_id for attempt in attempts):
                    return ledger.batches[batch_id]
            return None

    def causes(self) -> list[Cause]:
        with self._transaction() as ledger:
            return ledger.causes()

    def character_counts(self) -> list[CharacterCount]:
        with self._transaction() as ledger:
            return counted(ledger.character_rows())

    def characters(
        self,
        *,
        lane: str | None = None,
        trouble: CharacterTrouble | None = None,
        source: str | None = None,
        held: bool = False,
        most: int = 1000,
    ) -> list[CharacterRow]:
        with self._transaction() as ledger:
            rows = (row for row in ledger.character_rows() if lane in (None, row.lane))
            fits = (row for row in rows if trouble in (None, row.trouble) and source in (None, row.source))
            return [row for row in fits if not held or is_held(row)][:most]

    def exceptions(
        self,
        *,
        lane: str | None = None,
        code: str | None = None,
        server_code: str | None = None,
        item: str | None = None,
        states: Sequence[RecordState] = (),
        most: int = 1000,
    ) -> list[ExceptionRow]:
        with self._transaction() as ledger:
            rows = (row for row in ledger.exceptions.values() if lane in (None, row.lane) and code in (None, row.code))
            fits = (row for row in rows if server_code in (None, row.server_code) and item in (None, row.item))
            return [row for row in fits if not states or row.state in states][:most]

    def exception(self, exception_id: int) -> ExceptionRow | None:
        with self._transaction() as ledger:
            return ledger.exceptions.get(exception_id)

    def payload(self, exception_id: int) -> Sealed | None:
        with self._transaction() as ledger:
            return ledger.payloads.get(exception_id)

    def redrive(
        self, exception_ids: Sequence[int], *, request_ids: Sequence[str], reason: str, actor: str, now: datetime
    ) -> list[BatchRow]:
        wanted = dict(reversed(list(zip(exception_ids, request_ids, strict=True))))
        with self._transaction() as ledger:
            in_order = {exception_id: wanted[exception_id] for exception_id in exception_ids}
            return redrive(ledger, in_order, reason=reason, actor=actor, now=now)

    def discard(self, exception_ids: Sequence[int], *, reason: str, actor: str, now: datetime) -> int:
        with self._transaction() as ledger:
            return ledger.discard_all(exception_ids, reason=reason, actor=actor, now=now)

    def decide_file(self, file_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        with self._transaction() as ledger:
            file = ledger.files.get(file_id)
            if file is None or file.state is not FileState.HELD or (release and file.records and not file.batches):
                return False
            ledger.decide_file(file, release=release, now=now)
            action = "release" if release else "refuse"
            ledger.decisions.append(Decision(at=now, actor=actor, action=action, reason=reason, file_id=file_id))
            return True

    def decide_batch(self, batch_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        with self._transaction() as ledger:
            return ledger.decide_batch(batch_id, release=release, reason=reason, actor=actor, now=now)

    def parked_batches(self, *, lane: str | None = None, most: int = 1000) -> list[BatchRow]:
        with self._transaction() as ledger:
            return [row for row in ledger.parked_batches() if lane in (None, row.lane)][:most]

    def decisions(self, file_id: int) -> list[Decision]:
        with self._transaction() as ledger:
            return [decision for decision in ledger.decisions if decision.file_id == file_id]

    def check(self) -> None:
        with self._transaction():
            pass

    def close(self) -> None:
        self._closed = True
