"""The ledger: files, batches, exceptions by record, replica state by key. Counts are derived from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.breaker import BreakerRow
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.distributions import DistributionBook
from kakehashi.ports.exchange_records import RecordBook
from kakehashi.ports.halts import HaltBook
from kakehashi.ports.inquiries import NO_OUTCOMES, InquiryBook, Outcomes
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
from kakehashi.ports.provisions import ProvisionBook
from kakehashi.ports.redrive import OrderBook
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.symbols import SymbolBook
from kakehashi.ports.vigil import Vigil

__all__ = ["Store"]


class Store(OrderBook, InquiryBook, SymbolBook, HaltBook, ProvisionBook, RecordBook, DistributionBook, Vigil, Protocol):
    """Every method is one transaction, durable when it returns. Raises StoreUnavailable, StoreCorrupt.

    Thread-safe; several processes and machines may share one store. After StoreUnavailable the effect of the call is
    unknown: every method may be repeated. Times are aware. Ids grow in the order of arrival.
    """

    # Intake
    def next_file_id(self, count: int = 1) -> int:
        """Greater than every one that was given before, and the first of `count` in a row that are given now."""

    def newest_file_id(self) -> int:
        """The last one that was given; 0: none yet."""

    def next_sequences(self, count: int, *, at: datetime, extract: bool = False) -> int:
        """The first of `count` (≤ `domain.sequence.MOST`) sequences in a row, each given once, for changes that come in
        `at` this time, or for an extract as of it: see there. Take them for files that are in hand already.
        """

    def add_file(self, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]) -> FileRow:
        """File and batches (state new, or parked under a held file) at once. Raises DuplicateContent, Overtaken when
        the owner's lease has ended, and StoreError(STO-005) where a request id stands in the ledger already.

        The batches hold all the file's records (ValueError); only a held file may come without batches: it can be
        refused, not released. A file without records is settled at once, so that its owner hears of it.
        """

    def fence(self, owner: str, *, now: datetime) -> None:
        """The lease `owner` has ended: from now on nothing comes in under it. Idempotent."""

    def add_refusal(self, refusal: Refusal) -> None:
        """Note that a file was not taken; once per claim."""

    def refusals(self, *, lane: str | None = None, most: int = 1000) -> list[Refusal]:
        """Newest first."""

    def sweep(self, *, before: datetime, most: int) -> Swept:
        """Forget, up to `most` of each: refusals that were noted and leases that ended before `before`, and the bytes
        of parts whose batch has ended; those stand in the spool, in the batch that was split.
        """

    def publishable(self, *, lost: bool, lanes: Sequence[str], most: int, now: datetime) -> list[BatchRow]:
        """The outbox of `lanes`; what other lanes hold takes no place in it.

        lost=False: batches in state new, the urgent ones first, oldest first. lost=True: batches in work (queued, sent,
        waiting) whose message was lost, oldest due first: `due` has passed (due = now is past), or the clock was set
        back: they were last changed later than now, and are due more than two hours ahead.
        """

    def in_work(self, lanes: Sequence[str]) -> int:
        """How many batches of the lanes are in work: each has a message in the broker, or has lost it."""

    def mark_published(self, turns: Mapping[int, int], *, due: datetime) -> None:
        """They are in the broker: new → queued. `turns`: batch → its turn in the message; a batch of another turn has
        moved on meanwhile and stays as it is.

        `due`: when to look for a lost message. Settled, parked and discarded batches have none; of a batch in work it
        is not brought forward, except where the clock was set back: last changed after `due`, and due more than an
        hour after it.
        """

    # Worker
    def batch(self, batch_id: int) -> BatchRow | None: ...

    def has_earlier(self, batch: BatchRow) -> bool:
        """Whether one that came before it is new or in work in its lane: of an earlier file, or earlier in its own.
        What is parked or held has lost its place.
        """

    def begin_try(self, batch_id: int, *, turn: int) -> None:
        """Somebody begins with a step that was begun before and did not end: its worker may have died on it."""

    def tries(self, batch_ids: Sequence[int]) -> Mapping[int, int]:
        """How often `begin_try` was called for the turn that each batch is in, without `end_tries`; never: absent."""

    def end_tries(self, batch_ids: Sequence[int]) -> None:
        """Whoever called `begin_try` is alive: it is no try any more."""

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
        """Write the intent to send: state sent, attempts + 1, turn + 1, an Attempt row, and the records that are
        refused before sending (one exception per (batch, record): an existing one stays as it is).

        `replicas`: by record number, what becomes replica state once the record is accepted; in place of what an
        earlier attempt said. `characters`: what did not go through as it was; what an earlier attempt said of those
        that were sent no longer counts, what was said of refused records stays. `layout_version`: by which it was
        translated; what the first attempt said stays.

        False when `turn` is no longer the batch's turn, or it is settled, parked or discarded: somebody else has
        gone on; nor when `halts` is not the version of `HaltBook.halted` any more. Exceptions come as refused, waiting
        or parked (ValueError).
        """

    def record_message(self, batch_id: int, *, message_id: str, request_id: str, now: datetime) -> int:
        """An Attempt row for a poll or a status query; returns its number. Does not change the batch.
        ValueError for an unknown batch.
        """

    def record_answer(self, batch_id: int, *, no: int, segment: int | None, code: str, now: datetime) -> None:
        """Complete the newest Attempt row, or the one numbered `no`; no=0 means the newest."""

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
        """Nothing final yet: set state (new, queued, sent or waiting), code, receipt and due, and turn + 1. False as
        in `begin_attempt`. The exchange that led here is written down in either case.
        """

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
        """The end of a batch: counts, exceptions, inquiry result, replica state of what was sent and has no exception
        (never over a higher sequence); the file becomes settled with its last batch. accepted + the batch's
        exceptions, old and new, must equal its records (ValueError). False as in `begin_attempt`; the exchange that
        led here is written down in either case. `characters` are added to those of the last attempt.
        `outcomes`: how many of the accepted records ended how, where they are inquiries; their sum is `accepted`.
        """

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
        """Give all records without an exception to batches of their own (state new, after the file's other batches);
        the batch keeps its exceptions as its only records and is settled with `code`. Records that it carried again
        are carried again by the parts. Fewer than two parts, or parts
        that do not hold exactly those records, are a ValueError. False, and the exchange, as in `settle`. Raises
        StoreError(STO-005) where a request id stands in the ledger already.
        """

    def part_body(self, batch_id: int) -> Sealed | None:
        """The sealed BatchBody of a part."""

    def note_breaker(self, row: BreakerRow) -> None:
        """How a breaker stands now, in place of what was noted under its name."""

    def breakers(self) -> list[BreakerRow]:
        """By name."""

    def park(self, batch_id: int, *, turn: int, code: str, now: datetime, exchange: Exchange | None = None) -> bool:
        """The whole batch waits for an operator. False, and the exchange, as in `postpone`."""

    # Results
    def returnable(self, *, lanes: Sequence[str], most: int) -> list[FileRow]:
        """Settled (or refused) files of `lanes` whose result was not yet returned, oldest first."""

    def mark_returned(
        self, file_id: int, *, batches: int, now: datetime, characters: CharactersByBatch = NO_CHARACTERS
    ) -> bool:
        """The owner has the result: settled → returned; a refused file stays refused, no longer returnable.

        `batches`: how many `batches(file_id)` gave, all settled or discarded, before the result was written. False, and
        no effect, when there are more now (a retry was settled meanwhile) or the file is not returnable any more.
        `characters`: what did not go into the result as it was, by batch; in place of what an earlier result said.
        """

    def batches(self, file_id: int) -> list[BatchRow]:
        """By seq; redriven records come last."""

    def exceptions_of(self, batch_id: int) -> list[ExceptionRow]:
        """By record number."""

    def result_of(self, batch_id: int) -> Sealed | None: ...

    # Operators
    def counts(self) -> list[LaneCounts]: ...

    def files(self, *, lane: str | None = None, state: FileState | None = None, most: int = 1000) -> list[FileRow]:
        """Newest first."""

    def file(self, file_id: int) -> FileRow | None: ...

    def attempts(self, batch_id: int) -> list[Attempt]:
        """In the order in which they were sent."""

    def find_request(self, request_id: str) -> BatchRow | None:
        """The batch that was sent, polled or asked about under this id."""

    def causes(self) -> list[Cause]:
        """Exceptions of every state, grouped; the most frequent first."""

    def character_counts(self) -> list[CharacterCount]:
        """Characters of every kind of trouble, grouped by lane, source and target; in each the most frequent first."""

    def characters(
        self,
        *,
        lane: str | None = None,
        trouble: CharacterTrouble | None = None,
        source: str | None = None,
        held: bool = False,
        most: int = 1000,
    ) -> list[CharacterRow]:
        """In the order of batches, records and items. `held`: only those whose record still waits for them."""

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
        """Oldest first; no `states`: all."""

    def exception(self, exception_id: int) -> ExceptionRow | None: ...

    def payload(self, exception_id: int) -> Sealed | None: ...

    def redrive(
        self, exception_ids: Sequence[int], *, request_ids: Sequence[str], reason: str, actor: str, now: datetime
    ) -> list[BatchRow]:
        """refused/waiting/parked → retried, each with a new batch of one record (state new); the open records of its
        household go with it, in the batch of the one that is named first. Ids in another state are passed over: doing
        it twice does it once. A settled or returned file is in work again until its new batches are settled. Raises
        StoreError(STO-005) where a request id stands in the ledger already.
        """

    def discard(self, exception_ids: Sequence[int], *, reason: str, actor: str, now: datetime) -> int:
        """refused/waiting/parked → discarded; returns how many."""

    def decide_file(self, file_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        """A held file: release its batches into work (new), or refuse it with all its records (its batches are then
        discarded). False for a file that is not held, and for releasing records that no batch carries.
        """

    def decide_batch(self, batch_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        """A parked batch: release it into work again (turn + 1, attempts as they are), or discard it (all its records
        that have no exception yet count as refused; a file whose batches are all settled or discarded is settled).
        False for a batch that is not parked, or whose file is held: that is decided as a whole.

        What the server may have is asked about before it is sent again: a released batch with a receipt is waiting;
        one whose newest send (the newest Attempt under its own request id) was not definitely refused (no answer, or
        one of another segment than 9) is sent; both are due at once. Any other is new.
        """

    def parked_batches(self, *, lane: str | None = None, most: int = 1000) -> list[BatchRow]:
        """Those that `decide_batch` can decide, oldest first."""

    def decisions(self, file_id: int) -> list[Decision]:
        """What operators decided about the file, its batches and its records, oldest first."""

    def newest_replicas(self, keys: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], int]:
        """(person, TM code, unit) → newest accepted sequence, for those that have one."""

    def origin_of(self, sequence: int) -> tuple[FileRow, int] | None:
        """The file, and the number of its record, that a sequence was given to; None: to no file that is known."""

    # After a backup was restored
    def unknown_spools(self, names: Sequence[str]) -> list[str]:
        """Those of these spool files that no file of the ledger names."""

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
        """A file that was taken before, under its old id. As `add_file`, but its batches may have been sent: they are
        in state sent without an attempt, and due. Raises DuplicateContent also where the id is taken.
        """

    def end_restore(self, *, newest_file_id: int, now: datetime) -> int:
        """Whatever is new or queued may have been sent: its state is sent; returns how many batches. Everything in work
        is due. `next_file_id` gives none up to `newest_file_id` again, `next_sequences` none that a file has.
        """

    def replicas(self, info_name: str) -> Iterator[ReplicaChange]:
        """What is accepted and not deleted, by person and unit; read in portions, so it is no single moment."""

    def persons_replicas(self, person: str) -> list[ReplicaChange]:
        """What of one person is accepted and not deleted."""

    def replicas_in_flight(self, info_name: str) -> set[tuple[str, str]]:
        """(person, unit) of the changes that were sent and are not decided yet."""

    def check(self) -> None:
        """Raise StoreCorrupt or StoreError(STO-004) when this store must not be worked on."""

    def close(self) -> None: ...
