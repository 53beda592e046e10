"""What the ledger holds, as values: files, batches, exceptions by record, replica state by key, decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.sealer import Sealed

__all__ = [
    "NO_CHARACTERS",
    "NO_INQUIRIES",
    "NO_REPLICAS",
    "Attempt",
    "BatchRow",
    "Cause",
    "CharacterCount",
    "CharacterRow",
    "CharactersByBatch",
    "Decision",
    "ExceptionRow",
    "Exchange",
    "FileRow",
    "Inquiries",
    "LaneCounts",
    "NewBatch",
    "NewCharacter",
    "NewException",
    "NewFile",
    "NewPart",
    "Refusal",
    "ReplicaChange",
    "Swept",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """「受付ファイル」 A file as intake found it. `digest` is the SHA-256 of its bytes (unique per lane).

    `held` is the code of the fault that holds the whole file; its records then wait for a decision.
    `id`: one that `Store.next_file_id` gave; None: the ledger gives the next.
    `why` tells more of that fault: its place and facts, never a value of a record.
    `claim` names this one drop of the file, `owner` the lease under which it is in hand.
    `before_first`: the sequence of its record 0, see `Store.next_sequences`; None: the ledger gives the next.
    `as_of`: the time as of which an extract was made.
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
    id: int | None = None
    why: str | None = None
    claim: str | None = None
    owner: str = ""
    before_first: int | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """「受付拒否」 A file that was not taken. `original` is the file that brought the same bytes first."""

    lane: str
    name: str
    code: str
    at: datetime
    claim: str | None = None
    size: int | None = None
    digest: bytes | None = None
    original: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """「新規バッチ」 A slice of a file. `offset` is the slice's first byte in the legacy file.

    `spool_*` place its sealed BatchBody. `urgent`: it overtakes what is not, in whatever lane.
    """

    seq: int
    first_record: int
    records: int
    offset: int
    spool_offset: int
    spool_length: int
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """「分割バッチ」 Some records of a batch that is split; `body` is their sealed BatchBody."""

    first_record: int
    records: int
    offset: int
    request_id: str
    body: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """`before_first`, `as_of`: as of `NewFile`. A change has the sequence `before_first` + number of its record."""

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
    before_first: int
    why: str | None = None
    claim: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """`turn` counts how often work on the batch was handed on: a message with another turn is stale.

    `attempts` counts the sends, not polls and status queries, and is never set back. `redrive_of` names the exception
    whose record this batch carries again (with its household the one that was asked for, with others the first;
    `Store.retried_in` gives all): its body are their payloads, its `seq` comes after the file's other batches, its
    `offset` is the first record's where that is known, else that of the batch it came from; its records need not follow
    each other.
    `part_of` names the batch that was split: what is left of that one are its exceptions.
    `layout_version`: the 版 with which its first attempt began, and which it keeps; None: it has not begun.
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
    part_of: int | None = None
    urgent: bool = False
    layout_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewException:
    """「例外レコード」 A record that was not accepted.

    `payload` is its sealed BatchBody, `server_code` the server's own code. `person`: for whose symbol it waits.
    `household`: the number of the first record of its household 「世帯」, which is sent again as a whole; else None.
    """

    record_no: int
    code: str
    state: RecordState
    payload: Sealed
    item: str | None = None
    offset: int | None = None
    server_code: str | None = None
    person: str | None = None
    household: int | None = None


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
    """Exceptions grouped: lane, code, item, server code, state, how many, since when, and the id of the first."""

    lane: str
    code: str
    server_code: str | None
    item: str | None
    state: RecordState
    count: int
    oldest: datetime
    example: int


class ReplicaChange(NamedTuple):
    """「副本状態」 The newest accepted change of one (person, TM code, unit): sequence and digest of what was sent."""

    person: str
    info_name: str
    unit: str
    sequence: int
    digest: bytes
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCharacter:
    """「文字の記録」 A character that did not go through as it was: where, which, and what stands for it.

    `source`: the code in hex (unmapped), or code points; `target`: code points of the substitute; of a cut neither, for
    `times` characters are gone. `offset`: the first place in the file, where it is known.
    """

    record_no: int
    item: str
    trouble: CharacterTrouble
    source: str
    target: str | None = None
    offset: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterRow:
    """`exception_id` and `state` are those of the record's exception in that batch, if it has one."""

    lane: str
    file_id: int
    batch_id: int
    record_no: int
    item: str
    trouble: CharacterTrouble
    source: str
    target: str | None
    offset: int | None
    times: int
    seen_at: datetime
    exception_id: int | None
    state: RecordState | None


@dataclass(frozen=True, slots=True)
class CharacterCount:
    """How often, in how many records, since when, until when. `held`: records that still wait for the character."""

    lane: str
    trouble: CharacterTrouble
    source: str
    target: str | None
    times: int
    records: int
    held: int
    first: datetime
    last: datetime


CharactersByBatch: TypeAlias = Mapping[int, Sequence[NewCharacter]]
NO_CHARACTERS: Final[CharactersByBatch] = MappingProxyType({})
Inquiries: TypeAlias = Mapping[int, tuple[str, str]]
"""By record number: the person and the information that is asked for."""
NO_INQUIRIES: Final[Inquiries] = MappingProxyType({})
NO_REPLICAS: Final[Mapping[int, ReplicaChange]] = MappingProxyType({})


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
class Exchange:
    """「交信」 What came back for one message about a batch, written down together with what follows from it.

    `request_id`: of a poll or status query, which gets its Attempt row only now; None: the answer to the newest send.
    `segment` is None where no answer came.
    """

    message_id: str
    request_id: str | None
    sent_at: datetime
    segment: int | None
    code: str


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows the ledger has forgotten, by kind."""

    refusals: int = 0
    leases: int = 0
    bodies: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCounts:
    """received = accepted + refused + waiting, each derived on its own from the ledger.

    `sent` is no part of that sum: the records of batches that have an Attempt, without those that were refused before
    sending (exceptions without the server's code); a redriven record is counted anew.
    `oldest_waiting` is when the earliest file that still has a waiting record was received.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """「判断記録」 Who decided what and why: redrive, correct, discard, release, refuse, reveal, or retake.

    `order_id`: the order that it was part of.
    """

    at: datetime
    actor: str
    action: str
    reason: str
    file_id: int
    batch_id: int | None = None
    exception_id: int | None = None
    order_id: int | None = None
