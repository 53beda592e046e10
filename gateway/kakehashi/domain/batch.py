"""「バッチ」 The unit of work: up to `batch_records` records of one file, one broker message, one send."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

__all__ = ["BatchBody", "BatchState", "FileState", "RecordState", "content_id", "letters"]

_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_FRAME = struct.Struct(">I")
_WITHDRAWAL = 1 << 31
_GATHERED = 1 << 30


def letters(digest: bytes) -> str:
    """Bytes as letters a–p, two a byte: an id that can never hold a 12-digit run (safety.md, fact 9)."""
    return digest.hex().translate(_LETTERS)


def content_id(*parts: str | bytes | int) -> str:
    """A 32-letter id made from content, so that the same work has the same id in every attempt and process."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(_FRAME.pack(len(raw)) + raw)
    return letters(digest.digest()[:16])


class FileState(StrEnum):
    """「ファイル状態」 held: wrong as a whole, waits for a decision; refused: none of its records goes on."""

    WORKING = "working"
    HELD = "held"
    REFUSED = "refused"
    SETTLED = "settled"
    RETURNED = "returned"


class BatchState(StrEnum):
    """「バッチ状態」 new: in the ledger, not yet in the broker; sent: intent written, no answer known yet;
    waiting: the server gave a receipt; parked: an operator decides about all of it; discarded: an operator has.
    """

    NEW = "new"
    QUEUED = "queued"
    SENT = "sent"
    WAITING = "waiting"
    PARKED = "parked"
    SETTLED = "settled"
    DISCARDED = "discarded"


class RecordState(StrEnum):
    """「例外レコード状態」 The state of a record that was not simply accepted.

    refused and discarded count as refused, waiting and parked as waiting; retried counts nowhere (its new batch does).
    """

    REFUSED = "refused"
    WAITING = "waiting"
    PARKED = "parked"
    RETRIED = "retried"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class BatchBody:
    """「バッチ本体」 The legacy bytes of a batch: the file's header record (may be empty) and a slice of the file.

    `withdrawal`: no legacy bytes but keys of replicas to delete (pipeline/withdrawal.py). It stands in the frame, where
    nothing that a file holds can say it. `gathered`: records that are sent again together (pipeline/gathering.py).
    """

    header: bytes
    data: bytes
    withdrawal: bool = False
    gathered: bool = False

    def to_bytes(self) -> bytes:
        kind = self.withdrawal * _WITHDRAWAL | self.gathered * _GATHERED
        return _FRAME.pack(len(self.header) | kind) + self.header + self.data

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        (frame,) = _FRAME.unpack_from(raw)
        end = 4 + (frame & ~(_WITHDRAWAL | _GATHERED))
        return cls(raw[4:end], raw[end:], withdrawal=bool(frame & _WITHDRAWAL), gathered=bool(frame & _GATHERED))
