"""What every store refuses, whatever it is made of, and the groups of states that its rules speak of."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.ports.store import NewBatch, NewException, NewFile

__all__ = [
    "ENDED",
    "IN_WORK",
    "OPEN",
    "WORKABLE",
    "check_batches",
    "check_exceptions",
    "check_postponed",
    "check_sum",
]

IN_WORK = (BatchState.QUEUED, BatchState.SENT, BatchState.WAITING)
WORKABLE = (BatchState.NEW, *IN_WORK)
ENDED = (BatchState.SETTLED, BatchState.DISCARDED)
OPEN = (RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED)


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


def check_sum(*, records: int, accepted: int, excepted: int) -> None:
    """Raise ValueError unless every record of a settled batch is either accepted or an exception."""
    if accepted < 0 or accepted + excepted != records:
        msg = f"{accepted} accepted and {excepted} exceptions of {records} records"
        raise ValueError(msg)
