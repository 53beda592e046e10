"""「照会の継続」 An inquiry is asked once: what is still in process is looked for under its old receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from kakehashi.ports.ledger import BatchRow, ExceptionRow
from kakehashi.ports.store import Store

__all__ = ["Asked", "asked_already", "runs_to_part"]

_IN_PROCESS: Final = "SRV-021"


@dataclass(frozen=True, slots=True)
class Asked:
    """「既送の照会」 `numbers`: the number in the message that asked → the position in the batch that looks again."""

    receipt: str
    numbers: Mapping[int, int]


def asked_already(store: Store, row: BatchRow) -> Asked | None:
    """The message that has asked what the batch carries again; None where it is to be asked (anew)."""
    carried = _in_process(store, row)
    asker = _asker(store, carried[0]) if carried and len(carried) == row.records else None
    if asker is None or asker.receipt is None:
        return None
    positions = {exception.record_no: position for position, exception in enumerate(carried)}
    numbers = {number: positions[record] for number, record in _numbered(store, asker) if record in positions}
    return Asked(asker.receipt, numbers) if len(numbers) == row.records else None


def runs_to_part(store: Store, row: BatchRow) -> list[int]:
    """How many records in a row belong together, where the batch carries what was asked in several messages, or what
    is to be asked anew beside it; else empty.
    """
    if row.redrive_of is None or row.records == 1:
        return []
    asked = {exception.id for exception in _in_process(store, row)}
    askers = [_asked_in(store, exception) if exception.id in asked else 0 for exception in store.retried_in(row.id)]
    runs = [len(list(run)) for _, run in groupby(askers)]
    return runs if len(runs) > 1 else []


def _in_process(store: Store, row: BatchRow) -> Sequence[ExceptionRow]:
    """What the batch carries again and was not answered yet, by record number; what was corrected is asked anew."""
    if row.redrive_of is None or store.correction(row.id) is not None:
        return []
    return [exception for exception in store.retried_in(row.id) if exception.code == _IN_PROCESS]


def _asked_in(store: Store, exception: ExceptionRow) -> int:
    asker = _asker(store, exception)
    return asker.id if asker else 0


def _asker(store: Store, exception: ExceptionRow) -> BatchRow | None:
    """The batch whose message asked: of one that only looked again, the one before it."""
    row = store.batch(exception.batch_id)
    while row is not None and not row.attempts:
        before = next((e for e in store.retried_in(row.id) if e.record_no == exception.record_no), None)
        row = store.batch(before.batch_id) if before else None
    return row


def _numbered(store: Store, asker: BatchRow) -> list[tuple[int, int]]:
    """(number in its message, number in the file) of each record that was sent: what we refused has no server code."""
    ours = {exception.record_no for exception in store.exceptions_of(asker.id) if exception.server_code is None}
    carried = [exception.record_no for exception in store.retried_in(asker.id)]
    records = carried or range(asker.first_record, asker.first_record + asker.records)
    return list(enumerate((number for number in records if number not in ours), start=1))
