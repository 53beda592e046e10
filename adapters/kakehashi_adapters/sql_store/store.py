"""The Store on SQLAlchemy Core: each method is one transaction, run by a function of a neighbouring module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.breaker import BreakerRow
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.inquiries import NO_OUTCOMES, Outcomes
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
from kakehashi.ports.store_rules import check_batches, check_exceptions, check_postponed
from kakehashi.ports.vigil import Flow, Settled
from kakehashi_adapters.sql_store import (
    breakers,
    counting,
    intake,
    operators,
    outbox,
    reading,
    replicas,
    restoring,
    schema,
    sequences,
    succession,
    sweeping,
    vigil,
    work,
)
from kakehashi_adapters.sql_store import characters as character_rows
from kakehashi_adapters.sql_store import parts as parts_rows
from kakehashi_adapters.sql_store.distribution_book import SqlDistributionBook
from kakehashi_adapters.sql_store.halt_book import SqlHaltBook
from kakehashi_adapters.sql_store.inquiry_book import SqlInquiryBook
from kakehashi_adapters.sql_store.provision_book import SqlProvisionBook
from kakehashi_adapters.sql_store.record_book import SqlRecordBook

__all__ = ["SqlStore"]

_PAGE = 10_000


class SqlStore(SqlInquiryBook, SqlHaltBook, SqlProvisionBook, SqlRecordBook, SqlDistributionBook):
    """The ledger in a SQLite file or a PostgreSQL database."""

    # Intake
    def add_file(self, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]) -> FileRow:
        check_batches(file, batches, request_ids)
        return self._write(lambda c: intake.add_file(c, file, batches, request_ids=request_ids))

    def next_file_id(self, count: int = 1) -> int:
        return self._write(partial(intake.next_file_id, count=count))

    def newest_file_id(self) -> int:
        return self._read(intake.newest_file_id)

    def next_sequences(self, count: int, *, at: datetime, extract: bool = False) -> int:
        return self._write(partial(sequences.next_sequences, count=count, at=at, extract=extract))

    def fence(self, owner: str, *, now: datetime) -> None:
        self._write(lambda c: intake.fence(c, owner, now=now))

    def add_refusal(self, refusal: Refusal) -> None:
        self._write(lambda c: intake.add_refusal(c, refusal))

    def refusals(self, *, lane: str | None = None, most: int = 1000) -> list[Refusal]:
        return self._read(partial(intake.list_refusals, lane=lane, most=most))

    def sweep(self, *, before: datetime, most: int) -> Swept:
        return self._write(partial(sweeping.sweep, before=before, most=most))

    def publishable(self, *, lost: bool, lanes: Sequence[str], most: int, now: datetime) -> list[BatchRow]:
        return self._read(partial(outbox.publishable, lost=lost, lanes=lanes, most=most, now=now))

    def in_work(self, lanes: Sequence[str]) -> int:
        return self._read(partial(outbox.in_work, lanes=lanes))

    def mark_published(self, turns: Mapping[int, int], *, due: datetime) -> None:
        self._write(lambda c: outbox.mark_published(c, turns, due=due))

    # Worker
    def batch(self, batch_id: int) -> BatchRow | None:
        return self._read(lambda c: reading.batch(c, batch_id))

    def has_earlier(self, batch: BatchRow) -> bool:
        return self._read(lambda c: succession.has_earlier(c, batch))

    def begin_try(self, batch_id: int, *, turn: int) -> None:
        self._write(lambda c: succession.begin_try(c, batch_id, turn=turn))

    def tries(self, batch_ids: Sequence[int]) -> Mapping[int, int]:
        return self._read(lambda c: succession.tries_of(c, batch_ids))

    def end_tries(self, batch_ids: Sequence[int]) -> None:
        self._write(lambda c: succession.end_tries(c, batch_ids))

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
        return self._write(
            lambda c: work.begin_attempt(
                c,
                batch_id,
                turn=turn,
                message_id=message_id,
                exceptions=exceptions,
                now=now,
                due=due,
                replicas=replicas,
                characters=characters,
                halts=halts,
                inquiries=inquiries,
                layout_version=layout_version,
            )
        )

    def record_message(self, batch_id: int, *, message_id: str, request_id: str, now: datetime) -> int:
        return self._write(
            lambda c: work.record_message(c, batch_id, message_id=message_id, request_id=request_id, now=now)
        )

    def record_answer(self, batch_id: int, *, no: int, segment: int | None, code: str, now: datetime) -> None:
        self._write(lambda c: work.record_answer(c, batch_id, no=no, segment=segment, code=code, now=now))

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
        return self._write(
            lambda c: work.postpone(
                c,
                batch_id,
                turn=turn,
                state=state,
                code=code,
                receipt=receipt,
                due=due,
                now=now,
                exchange=exchange,
            )
        )

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
        return self._write(
            lambda c: work.settle(
                c,
                batch_id,
                turn=turn,
                accepted=accepted,
                code=code,
                exceptions=exceptions,
                result=result,
                now=now,
                exchange=exchange,
                characters=characters,
                outcomes=outcomes,
            )
        )

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
        return self._write(
            lambda c: parts_rows.split(c, batch_id, turn=turn, parts=parts, code=code, now=now, exchange=exchange)
        )

    def part_body(self, batch_id: int) -> Sealed | None:
        return self._read(lambda c: parts_rows.part_body(c, batch_id))

    def note_breaker(self, row: BreakerRow) -> None:
        self._write(lambda c: breakers.note_breaker(c, row))

    def breakers(self) -> list[BreakerRow]:
        return self._read(breakers.breaker_rows)

    def park(self, batch_id: int, *, turn: int, code: str, now: datetime, exchange: Exchange | None = None) -> bool:
        return self._write(lambda c: work.park(c, batch_id, turn=turn, code=code, now=now, exchange=exchange))

    # Results
    def returnable(self, *, lanes: Sequence[str], most: int) -> list[FileRow]:
        return self._read(partial(reading.returnable, lanes=lanes, most=most))

    def mark_returned(
        self, file_id: int, *, batches: int, now: datetime, characters: CharactersByBatch = NO_CHARACTERS
    ) -> bool:
        return self._write(
            lambda c: operators.mark_returned(c, file_id, batches=batches, now=now, characters=characters)
        )

    def batches(self, file_id: int) -> list[BatchRow]:
        return self._read(lambda c: reading.batches_of(c, file_id))

    def exceptions_of(self, batch_id: int) -> list[ExceptionRow]:
        return self._read(lambda c: reading.exceptions_of(c, batch_id))

    def result_of(self, batch_id: int) -> Sealed | None:
        return self._read(lambda c: reading.result_of(c, batch_id))

    # Operators
    def counts(self) -> list[LaneCounts]:
        return self._read(counting.counts)

    def files(self, *, lane: str | None = None, state: FileState | None = None, most: int = 1000) -> list[FileRow]:
        return self._read(partial(reading.files_where, lane=lane, state=state, most=most))

    def file(self, file_id: int) -> FileRow | None:
        return self._read(lambda c: reading.file(c, file_id))

    def attempts(self, batch_id: int) -> list[Attempt]:
        return self._read(lambda c: reading.attempts_of(c, batch_id))

    def find_request(self, request_id: str) -> BatchRow | None:
        return self._read(lambda c: reading.find_request(c, request_id))

    def causes(self) -> list[Cause]:
        return self._read(reading.causes)

    def character_counts(self) -> list[CharacterCount]:
        return self._read(character_rows.character_counts)

    def characters(
        self,
        *,
        lane: str | None = None,
        trouble: CharacterTrouble | None = None,
        source: str | None = None,
        held: bool = False,
        most: int = 1000,
    ) -> list[CharacterRow]:
        return self._read(
            partial(character_rows.list_characters, lane=lane, trouble=trouble, source=source, held=held, most=most)
        )

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
        wanted = {"lane": lane, "code": code, "server_code": server_code, "item": item}
        return self._read(partial(reading.list_exceptions, wanted=wanted, states=states, most=most))

    def exception(self, exception_id: int) -> ExceptionRow | None:
        return self._read(lambda c: reading.exception(c, exception_id))

    def payload(self, exception_id: int) -> Sealed | None:
        return self._read(lambda c: reading.payload(c, exception_id))

    def redrive(
        self, exception_ids: Sequence[int], *, request_ids: Sequence[str], reason: str, actor: str, now: datetime
    ) -> list[BatchRow]:
        return self._write(
            lambda c: operators.redrive(c, exception_ids, request_ids=request_ids, reason=reason, actor=actor, now=now)
        )

    def discard(self, exception_ids: Sequence[int], *, reason: str, actor: str, now: datetime) -> int:
        return self._write(lambda c: operators.discard(c, exception_ids, reason=reason, actor=actor, now=now))

    def decide_file(self, file_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        return self._write(
            lambda c: operators.decide_file(c, file_id, release=release, reason=reason, actor=actor, now=now)
        )

    def decide_batch(self, batch_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        return self._write(
            lambda c: operators.decide_batch(c, batch_id, release=release, reason=reason, actor=actor, now=now)
        )

    def parked_batches(self, *, lane: str | None = None, most: int = 1000) -> list[BatchRow]:
        return self._read(partial(reading.parked_batches, lane=lane, most=most))

    def decisions(self, file_id: int) -> list[Decision]:
        return self._read(lambda c: reading.decisions_of(c, file_id))

    def flow(self, lane: str, *, since: datetime) -> Flow:
        return self._read(lambda c: vigil.flow(c, lane, since=since))

    def settled(self, *, since: datetime) -> list[Settled]:
        return self._read(lambda c: vigil.settled(c, since=since))

    def newest_replicas(self, keys: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], int]:
        return self._read(lambda c: replicas.newest_replicas(c, keys))

    def origin_of(self, sequence: int) -> tuple[FileRow, int] | None:
        return self._read(lambda c: sequences.origin_of(c, sequence))

    # After a backup was restored
    def unknown_spools(self, names: Sequence[str]) -> list[str]:
        return self._read(lambda c: restoring.unknown_spools(c, names))

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
        return self._write(
            lambda c: restoring.retake(c, file, batches, request_ids=request_ids, reason=reason, actor=actor, now=now)
        )

    def end_restore(self, *, newest_file_id: int, now: datetime) -> int:
        return self._write(lambda c: restoring.end_restore(c, newest_file_id=newest_file_id, now=now))

    def replicas(self, info_name: str) -> Iterator[ReplicaChange]:
        after = ""
        while page := self._read(partial(replicas.replicas_after, info_name=info_name, person=after, most=_PAGE)):
            yield from page
            after = page[-1].person

    def persons_replicas(self, person: str) -> list[ReplicaChange]:
        return self._read(partial(replicas.persons_replicas, person=person))

    def replicas_in_flight(self, info_name: str) -> set[tuple[str, str]]:
        return self._read(partial(replicas.announced_keys, info_name=info_name))

    def check(self) -> None:
        schema.check(self._database)

    def close(self) -> None:
        self._database.close()
