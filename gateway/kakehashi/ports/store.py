"""The ledger: files, batches, exceptions by record, replica state by key, links. Counts are derived from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.ports.sealer import Sealed

__all__ = [
    "Attempt",
    "BatchRow",
    "Cause",
    "ExceptionRow",
    "FileRow",
    "LaneCounts",
    "LinkRow",
    "LinkStore",
    "NewBatch",
    "NewException",
    "NewFile",
    "ReplicaChange",
    "Store",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """「受付ファイル」 A file as intake found it. `digest` is the SHA-256 of its bytes (unique per lane).

    `held` is the code of the fault that holds the whole file; its records then wait for a decision.
    `header` is where the sealed header record lies in the spool (offset, length), if the file has one.
    """

    lane: str
    name: str
    digest: bytes
    size: int
    records: int
    config_hash: str
    received_at: datetime
    spool: str
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A slice of a file. `offset` is the slice's first byte in the legacy file; `spool_*` place its sealed BatchBody."""

    seq: int
    first_record: int
    records: int
    offset: int
    spool_offset: int
    spool_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    id: int
    lane: str
    name: str
    digest: bytes
    size: int
    records: int
    batches: int
    state: FileState
    code: str | None
    config_hash: str
    received_at: datetime
    spool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """`turn` counts how often work on the batch was handed on: a message with another turn is stale.

    `redrive_of` names the exception whose record this batch carries again (its body is that exception's payload).
    """

    id: int
    file_id: int
    lane: str
    seq: int
    first_record: int
    records: int
    offset: int
    spool_offset: int
    spool_length: int
    state: BatchState
    turn: int
    attempts: int
    request_id: str
    receipt: str | None
    code: str | None
    due: datetime | None
    accepted: int
    updated_at: datetime
    redrive_of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewException:
    """「例外レコード」 A record that was not accepted. `payload` is its sealed BatchBody; `server_code` the server's own."""

    record_no: int
    code: str
    state: RecordState
    payload: Sealed
    item: str | None = None
    offset: int | None = None
    server_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRow:
    id: int
    file_id: int
    batch_id: int
    lane: str
    record_no: int
    code: str
    server_code: str | None
    item: str | None
    offset: int | None
    state: RecordState
    reason: str | None
    actor: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """Exceptions grouped: lane, code, item, server code, state, how many, since when."""

    lane: str
    code: str
    server_code: str | None
    item: str | None
    state: RecordState
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaChange:
    """「副本状態」 The newest accepted change of one (person, TM code, unit): sequence and digest of what was sent."""

    person: str
    info_name: str
    unit: str
    sequence: int
    digest: bytes
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """「送信履歴」 One message to the server about a batch. `segment` and `code` stay None until answered."""

    batch_id: int
    no: int
    message_id: str
    request_id: str
    sent_at: datetime
    answered_at: datetime | None = None
    segment: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCounts:
    """received = accepted + refused + waiting, each derived on its own from the ledger."""

    lane: str
    files: int
    received: int
    sent: int
    accepted: int
    refused: int
    waiting: int
    oldest_waiting: datetime | None

    @property
    def adds_up(self) -> bool:
        return self.received == self.accepted + self.refused + self.waiting


class Store(Protocol):
    """Every method is one transaction, durable when it returns. Raises StoreUnavailable, StoreCorrupt.

    Thread-safe; several processes and machines may share one store.
    """

    # Intake
    def add_file(self, file: NewFile, batches: Sequence[NewBatch], *, request_ids: Sequence[str]) -> FileRow:
        """File and batches (state new, or parked under a held file) at once. Raises DuplicateContent."""

    def publishable(self, *, most: int, now: datetime) -> list[BatchRow]:
        """The outbox: batches in state new, and batches in work whose `due` has passed (their message was lost)."""

    def mark_published(self, batch_ids: Sequence[int], *, due: datetime) -> None:
        """new → queued; a batch that has moved on meanwhile keeps its state. `due`: when to look for a lost message."""

    # Worker
    def batch(self, batch_id: int) -> BatchRow | None: ...

    def begin_attempt(
        self,
        batch_id: int,
        *,
        turn: int,
        message_id: str,
        exceptions: Sequence[NewException],
        now: datetime,
        due: datetime,
    ) -> bool:
        """Write the intent to send: state sent, attempts + 1, turn + 1, an Attempt row, and the records that are
        refused before sending (one exception per (batch, record): an existing one stays as it is).

        False when `turn` is no longer the batch's turn, or it is settled or parked: somebody else has gone on.
        """

    def record_message(self, batch_id: int, *, message_id: str, request_id: str, now: datetime) -> int:
        """An Attempt row for a poll or a status query; returns its number. Does not change the batch."""

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
    ) -> bool:
        """Nothing final yet: set state, code, receipt and due, and turn + 1. False as in `begin_attempt`."""

    def settle(
        self,
        batch_id: int,
        *,
        turn: int,
        accepted: int,
        code: str | None,
        exceptions: Sequence[NewException],
        replicas: Sequence[ReplicaChange],
        result: Sealed | None,
        now: datetime,
    ) -> bool:
        """The end of a batch: counts, exceptions, replica state (never over a higher sequence), inquiry result; the
        file becomes settled with its last batch. accepted + the batch's exceptions, old and new, must equal its records
        (ValueError). False as in `begin_attempt`.
        """

    def park(self, batch_id: int, *, turn: int, code: str, now: datetime) -> bool:
        """The whole batch waits for an operator."""

    # Results
    def returnable(self, *, most: int) -> list[FileRow]:
        """Settled (or refused) files whose result was not yet returned, oldest first."""

    def mark_returned(self, file_id: int, *, now: datetime) -> None: ...

    def batches(self, file_id: int) -> list[BatchRow]: ...

    def exceptions_of(self, batch_id: int) -> list[ExceptionRow]: ...

    def result_of(self, batch_id: int) -> Sealed | None: ...

    # Operators
    def counts(self) -> list[LaneCounts]: ...

    def files(self, *, lane: str | None = None, state: FileState | None = None, most: int = 1000) -> list[FileRow]:
        """Newest first."""

    def file(self, file_id: int) -> FileRow | None: ...

    def attempts(self, batch_id: int) -> list[Attempt]: ...

    def find_request(self, request_id: str) -> BatchRow | None: ...

    def causes(self) -> list[Cause]: ...

    def exceptions(
        self, *, lane: str | None = None, code: str | None = None, states: Sequence[RecordState] = (), most: int = 1000
    ) -> list[ExceptionRow]: ...

    def exception(self, exception_id: int) -> ExceptionRow | None: ...

    def payload(self, exception_id: int) -> Sealed | None: ...

    def redrive(
        self, exception_ids: Sequence[int], *, request_ids: Sequence[str], reason: str, actor: str, now: datetime
    ) -> list[BatchRow]:
        """refused/waiting/parked → retried, each with a new batch of one record (state new). Ids in another state
        are passed over: doing it twice does it once.
        """

    def discard(self, exception_ids: Sequence[int], *, reason: str, actor: str, now: datetime) -> int:
        """refused/waiting/parked → discarded; returns how many."""

    def decide_file(self, file_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        """A held file: release its batches into work (new), or refuse it with all its records."""

    def decide_batch(self, batch_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
        """A parked batch: release it into work again (new, attempts 0, turn + 1), or discard it (all its records that
        have no exception yet count as refused; a file whose batches are all settled or discarded is settled).
        """

    def parked_batches(self, *, lane: str | None = None, most: int = 1000) -> list[BatchRow]: ...

    def newest_replicas(self, keys: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], int]:
        """(person, TM code, unit) → newest accepted sequence, for those that have one."""

    def check(self) -> None:
        """Raise StoreCorrupt or StoreError(STO-004) when this store must not be worked on."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """「紐付け」 A system's 宛名番号 and the person it stands for. `number` is the sealed 個人番号, `blind` its keyed digest."""

    system: str
    atena: str
    unified: str
    blind: bytes | None = None
    number: Sealed | None = None


class LinkStore(Protocol):
    """「番号連携」 system × 宛名番号 → 団体内統合宛名番号."""

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        """One look-up for a whole batch; numbers that are not linked are absent from the answer."""

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> list[int]:
        """Insert or confirm; returns the positions (0-based) of rows that conflict with an existing link or with
        another person's blind index, and changes nothing for those.
        """

    def links(self, system: str) -> Iterator[LinkRow]: ...
