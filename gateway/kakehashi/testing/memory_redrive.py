"""Records that the memory store sends again, and the parts of a batch that is split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.ledger import BatchRow, ExceptionRow, Exchange, NewBatch, NewPart
from kakehashi.ports.redrive import OrderRow, order_request, packed
from kakehashi.ports.store_rules import check_parts
from kakehashi.testing.memory_ledger import Ledger

__all__ = ["redrive", "redrive_together", "retried_in", "split"]


def redrive(ledger: Ledger, requests: Mapping[int, str], *, action: str = "redrive", **why: Any) -> list[BatchRow]:
    """`requests`: exception → request id; those that are not open are passed over."""
    due = [exception_id for exception_id in requests if ledger.is_open(exception_id)]
    ledger.check_requests([requests[exception_id] for exception_id in due])
    units = _taken_up(ledger, due, action=action, **why)
    return [_send_again(ledger, rows, named, requests[named], why["now"]) for named, rows in units.items()]


def redrive_together(ledger: Ledger, order: OrderRow, exception_ids: Sequence[int], *, size: int, now: datetime) -> int:
    """All of them are open; in batches of `size`, and of one file. Returns how many went."""
    units = _taken_up(ledger, exception_ids, order_id=order.id, reason=order.reason, actor=order.actor, now=now)
    for some in packed(list(units.values()), size):
        some.sort(key=lambda row: (row.file_id, row.record_no))
        for _, group in groupby(some, key=lambda row: row.file_id):
            rows = list(group)
            _send_again(ledger, rows, rows[0].id, order_request(order.id, [row.id for row in rows]), now)
    return sum(map(len, units.values()))


def _taken_up(
    ledger: Ledger, exception_ids: Sequence[int], *, action: str = "redrive", **why: Any
) -> dict[int, list[ExceptionRow]]:
    """Each with the open ones of its household, under the first that was named of each household."""
    homes = {number: ledger.households[number] for number in exception_ids if number in ledger.households}
    fellows = [
        number
        for number, home in ledger.households.items()
        if home in homes.values() and number not in exception_ids and ledger.is_open(number)
    ]
    units: dict[int | tuple[int, int], list[int]] = {}
    for number in (*exception_ids, *fellows):
        how = action if number in exception_ids else "redrive"
        ledger.decide_record(number, RecordState.RETRIED, action=how, **why)
        units.setdefault(ledger.households.get(number, number), []).append(number)
    return {
        numbers[0]: sorted((ledger.exceptions[each] for each in numbers), key=lambda row: row.record_no)
        for numbers in units.values()
    }


def _send_again(ledger: Ledger, rows: Sequence[ExceptionRow], named: int, request_id: str, now: datetime) -> BatchRow:
    first = rows[0]
    batch = NewBatch(
        seq=ledger.next_seq(first.file_id),
        first_record=first.record_no,
        records=len(rows),
        offset=ledger.batches[first.batch_id].offset if first.offset is None else first.offset,
        spool_offset=0,
        spool_length=0,
    )
    file = ledger.files[first.file_id]
    ledger.files[file.id] = replace(file, state=FileState.WORKING)
    made = ledger.add_batch(file, batch, request_id, now=now, redrive_of=named)
    ledger.retries |= {row.id: made.id for row in rows}
    return made


def retried_in(ledger: Ledger, batch_id: int) -> list[ExceptionRow]:
    found = (ledger.exceptions[number] for number, batch in ledger.retries.items() if batch == batch_id)
    return sorted(found, key=lambda row: row.record_no)


def split(
    ledger: Ledger, row: BatchRow, parts: Sequence[NewPart], *, code: str, now: datetime, exchange: Exchange | None
) -> None:
    refused = {entry.record_no for entry in ledger.exceptions_of(row.id)}
    check_parts(parts, records=row.records, excepted=len(refused))
    ledger.check_requests([part.request_id for part in parts])
    ledger.add_exchange(row.id, exchange, now)
    ledger.update(row, now=now, state=BatchState.SETTLED, code=code, due=None, records=len(refused))
    ledger.pending_replicas.pop(row.id, None)
    ledger.characters.forget(row.id, (CharacterTrouble.DEGRADED,))
    left = iter([entry.id for entry in retried_in(ledger, row.id) if entry.record_no not in refused])
    for part in parts:
        its = list(islice(left, part.records))
        batch = NewBatch(
            seq=ledger.next_seq(row.file_id),
            first_record=part.first_record,
            records=part.records,
            offset=part.offset,
            spool_offset=0,
            spool_length=0,
            urgent=row.urgent,
        )
        file, first = ledger.files[row.file_id], its[0] if its else None
        made = ledger.add_batch(file, batch, part.request_id, now=now, redrive_of=first, part_of=row.id)
        ledger.part_bodies[made.id] = part.body
        ledger.retries |= dict.fromkeys(its, made.id)
