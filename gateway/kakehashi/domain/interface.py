"""「外部インターフェイス」 Functions, segments and result classes of the intermediate server's interface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

__all__ = [
    "Answer",
    "BatchStamp",
    "Function",
    "Header",
    "MessageType",
    "RecordError",
    "ResultClass",
    "Segment",
]


class Function(StrEnum):
    """「機能コード」 The public function codes; LINK is our own: a registry extract that fills the link store."""

    FGU = "FGU"
    DBM = "DBM"
    SKI = "SKI"
    SYM = "SYM"
    LINK = "LINK"


class MessageType(StrEnum):
    """「電文種別」"""

    REQUEST = "REQ"
    ACKNOWLEDGEMENT = "ACK"
    RESULT = "RES"
    NOTICE = "NTF"


class Segment(IntEnum):
    """「処理結果区分」"""

    NORMAL = 1
    IN_PROCESS = 2
    ABNORMAL = 9


class ResultClass(IntEnum):
    """「結果分類」 What a result code makes us do (design.md §6). The profile maps code → class."""

    DONE = 0
    IN_PROCESS = 1
    DUPLICATE = 3
    DATA_ERROR = 4
    AUTHORITY = 5
    CAPACITY = 6
    CLOSED = 7
    UNREACHABLE = 8
    SERVER_FAULT = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStamp:
    """「一括情報」 Which part of what a message is: batch id, seq of total (1-based), records, SHA-256 (base64)."""

    id: str
    seq: int
    total: int
    record_count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """「電文ヘッダ」 The header of every message. `request_id` is the same in every attempt (idempotency key).

    Ids are written in letters a–p (hexadecimal moved by `letters`), so that no id ever holds a run of 12 digits.
    """

    message_id: str
    type: MessageType
    request_id: str
    correlation_id: str
    profile: str
    layout_version: str
    sender: str
    receiver: str
    person_key_type: str
    created_at: datetime
    test: bool
    batch: BatchStamp | None = None

    @property
    def function(self) -> str:
        return self.message_id[:3]


@dataclass(frozen=True, slots=True)
class RecordError:
    """「レコードエラー」 One refused record of a message: its number there (1-based), item code, server code."""

    record_no: int
    item: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """「応答」 What every answer says: segment, code, receipt (the id to poll with), per-record errors.

    `correlation_id` is the request_id of the request that it answers; a mismatch is SRV-007.
    `accepted` counts the records that the server took.
    """

    message_id: str
    correlation_id: str
    segment: Segment
    code: str
    receipt: str | None = None
    retry_after: int | None = None
    accepted: int = 0
    errors: tuple[RecordError, ...] = ()
