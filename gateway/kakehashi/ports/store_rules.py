"""What every store refuses, whatever it is made of, and the groups of states that its rules speak of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.domain.interface import Segment
from kakehashi.errors import ServerUnreachable
from kakehashi.ports.ledger import BatchRow, CharacterRow, NewBatch, NewException, NewFile, NewPart

__all__ = [
    "AGAIN",
    "ENDED",
    "FAR_AHEAD",
    "HOLDING",
    "IN_WORK",
    "KEPT_AHEAD",
    "OPEN",
    "WORKABLE",
    "check_batches",
    "check_exceptions",
    "check_parts",
    "check_postponed",
    "check_sum",
    "is_held",
    "is_lost",
    "marked_due",
    "may_have_arrived",
    "released_as",
]

IN_WORK = (BatchState.QUEUED, BatchState.SENT, BatchState.WAITING)
WORKABLE = (BatchState.NEW, *IN_WORK)
ENDED = (BatchState.SETTLED, BatchState.DISCARDED)
OPEN = (RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED)

HOLDING = (CharacterTrouble.UNMAPPED, CharacterTrouble.OUTSIDE)
"""Characters that hold their record until a table knows them."""
AGAIN = (CharacterTrouble.RETURNED, CharacterTrouble.CUT)
"""What is told anew with every result of a file."""

FAR_AHEAD: Final = timedelta(hours=2)
"""What was changed in the future, and is due later than that, was written before the clock was set back."""

_NOT_DELIVERED: Final = frozenset({ServerUnreachable.default_code, "SRV-016"})

KEPT_AHEAD: Final = timedelta(hours=1)
"""Shorter than FAR_AHEAD: what was found because of the clock is due anew, not found again and again."""


def is_held(row: CharacterRow) -> bool:
    """Whether a record still waits for the character."""
    return row.trouble in HOLDING and row.state in OPEN


def is_lost(row: BatchRow, now: datetime) -> bool:
    """Whether the message of a batch must be published again."""
    if row.due is None or row.state not in IN_WORK:
        return False
    return row.due <= now or (row.due > now + FAR_AHEAD and row.updated_at > now)


def marked_due(row: BatchRow, due: datetime) -> datetime:
    """The due time of a batch in work whose message was published, to be looked for at `due`."""
    if row.due is None or (row.due > due + KEPT_AHEAD and row.updated_at > due):
        return due
    return max(row.due, due)


def may_have_arrived(*, segment: int | None, code: str | None) -> bool:
    """Whether the server may know of a send that was answered so (None: no answer, or none of the server's)."""
    return segment != Segment.ABNORMAL and code not in _NOT_DELIVERED


def released_as(*, receipt: str | None, may_be_known: bool) -> BatchState:
    """The state of a released batch: what the server may know is asked about before it is sent again."""
    if receipt is not None:
        return BatchState.WAITING
    return BatchState.SENT if may_be_known else BatchState.NEW


def check_batches(file: NewFile, batches: Sequence[NewBatch], request_ids: Sequence[str]) -> None:
    """Raise ValueError unless the batches hold the file's records and each has its own seq and a request id."""
    if len(batches) != len(request_ids):
        msg = f"{len(batches)} batches, {len(request_ids)} request ids"
        raise ValueError(msg)
    if len({batch.seq for batch in batches}) != len(batches):
        msg = "two batches have one seq"
        raise ValueError(msg)
    carried = sum(batch.records for batch in batches)
    if carried != file.records and (batches or file.held is None):
        msg = f"the batches hold {carried} records, the file {file.records}"
        raise ValueError(msg)


def check_exceptions(exceptions: Sequence[NewException]) -> None:
    """Raise ValueError for a state that only an operator gives."""
    if any(exception.state not in OPEN for exception in exceptions):
        msg = "an exception begins as refused, waiting or parked"
        raise ValueError(msg)


def check_postponed(state: BatchState) -> None:
    """Raise ValueError for a state that ends the work on a batch."""
    if state not in WORKABLE:
        msg = f"a batch cannot be postponed as {state}"
        raise ValueError(msg)


def check_parts(parts: Sequence[NewPart], *, records: int, excepted: int) -> None:
    """Raise ValueError unless the parts, two at least and none empty, hold every record that has no exception."""
    carried = sum(part.records for part in parts)
    if len(parts) < 2 or min(part.records for part in parts) < 1 or carried + excepted != records:
        msg = f"{len(parts)} parts hold {carried} records, {excepted} are exceptions of {records}"
        raise ValueError(msg)


def check_sum(*, records: int, accepted: int, excepted: int) -> None:
    """Raise ValueError unless every record of a settled batch is either accepted or an exception."""
    if accepted < 0 or accepted + excepted != records:
        msg = f"{accepted} accepted and {excepted} exceptions of {records} records"
        raise ValueError(msg)
