"""Invented files, batches and records for store tests: short to write, valid by default."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from kakehashi.domain.batch import RecordState, content_id
from kakehashi.domain.character import CharacterTrouble
from kakehashi.domain.japan_time import JST
from kakehashi.ports.ledger import (
    BatchRow,
    Exchange,
    FileRow,
    LaneCounts,
    NewBatch,
    NewCharacter,
    NewException,
    NewFile,
    ReplicaChange,
)
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store import Store

__all__ = [
    "DUE",
    "LANES",
    "NOW",
    "add",
    "begin",
    "change",
    "counts_of",
    "exchange",
    "lost",
    "new_batches",
    "new_character",
    "new_exception",
    "new_file",
    "outbox",
    "returnable",
    "settle",
]

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=JST)
DUE = NOW + timedelta(minutes=5)
LANES = ("tax", "welfare")


def new_file(name: str, *, records: int, lane: str = "tax", held: str | None = None, content: str = "") -> NewFile:
    return NewFile(
        lane=lane,
        name=name,
        digest=hashlib.sha256((content or name).encode()).digest(),
        size=records * 300,
        records=records,
        config_hash="0" * 8,
        received_at=NOW,
        spool=f"spool/{name}",
        held=held,
    )


def new_batches(sizes: Sequence[int]) -> list[NewBatch]:
    batches: list[NewBatch] = []
    first = 1
    for seq, records in enumerate(sizes, start=1):
        batches.append(
            NewBatch(
                seq=seq,
                first_record=first,
                records=records,
                offset=(first - 1) * 300,
                spool_offset=(first - 1) * 100,
                spool_length=records * 100,
            )
        )
        first += records
    return batches


def add(
    store: Store, name: str = "a.dat", *, sizes: Sequence[int] = (3, 2), lane: str = "tax", held: str | None = None
) -> tuple[FileRow, list[BatchRow]]:
    """A file with batches of `sizes` records."""
    request_ids = [content_id(lane, name, seq) for seq in range(len(sizes))]
    file = new_file(name, records=sum(sizes), lane=lane, held=held)
    row = store.add_file(file, new_batches(sizes), request_ids=request_ids)
    return row, store.batches(row.id)


def new_exception(
    record_no: int,
    *,
    code: str = "VAL-001",
    state: RecordState = RecordState.REFUSED,
    item: str | None = None,
    offset: int | None = None,
    server_code: str | None = None,
    person: str | None = None,
    household: int | None = None,
) -> NewException:
    return NewException(
        record_no=record_no,
        code=code,
        state=state,
        payload=Sealed("k1", b"sealed %d" % record_no),
        item=item,
        offset=offset,
        server_code=server_code,
        person=person,
        household=household,
    )


def new_character(
    record_no: int,
    source: str = "F040",
    *,
    trouble: CharacterTrouble = CharacterTrouble.UNMAPPED,
    item: str = "氏名",
    target: str | None = None,
    times: int = 1,
) -> NewCharacter:
    return NewCharacter(
        record_no=record_no, item=item, trouble=trouble, source=source, target=target, offset=record_no, times=times
    )


def change(person: str, sequence: int, *, unit: str = "2026", deleted: bool = False) -> ReplicaChange:
    return ReplicaChange(
        person=person.zfill(15),
        info_name="TM99000000000001",
        unit=unit,
        sequence=sequence,
        digest=hashlib.sha256(f"{person} {sequence}".encode()).digest(),
        deleted=deleted,
    )


def begin(
    store: Store,
    batch: BatchRow,
    *,
    exceptions: Sequence[NewException] = (),
    due: datetime = DUE,
    replicas: Sequence[ReplicaChange] = (),
    characters: Sequence[NewCharacter] = (),
) -> int:
    """Begin an attempt in the batch's turn; returns the new turn. `replicas`: of the batch's first records."""
    current = store.batch(batch.id)
    assert current is not None
    assert store.begin_attempt(
        batch.id,
        turn=current.turn,
        message_id="DBM-201",
        exceptions=exceptions,
        now=NOW,
        due=due,
        replicas=dict(enumerate(replicas, start=batch.first_record)),
        characters=characters,
    )
    return current.turn + 1


def settle(
    store: Store,
    batch: BatchRow,
    *,
    exceptions: Sequence[NewException] = (),
    accepted: int | None = None,
    turn: int | None = None,
    result: Sealed | None = None,
    exchange: Exchange | None = None,
    characters: Sequence[NewCharacter] = (),
) -> bool:
    """Settle in the batch's turn; all records without an exception are accepted unless `accepted` says otherwise."""
    current = store.batch(batch.id)
    assert current is not None
    refused = {row.record_no for row in store.exceptions_of(batch.id)} | {new.record_no for new in exceptions}
    return store.settle(
        batch.id,
        turn=current.turn if turn is None else turn,
        accepted=batch.records - len(refused) if accepted is None else accepted,
        code="0000",
        exceptions=exceptions,
        result=result,
        now=NOW,
        exchange=exchange,
        characters=characters,
    )


def exchange(code: str, *, question: str | None = None, segment: int | None = None) -> Exchange:
    """The answer to the newest send, or to a question with this request id."""
    message_id = "DBM-201" if question is None else "DBM-205"
    return Exchange(message_id=message_id, request_id=question, sent_at=NOW, segment=segment, code=code)


def outbox(store: Store, *, most: int = 99, lanes: Sequence[str] = LANES) -> list[int]:
    """The ids of the new batches, as the outbox gives them."""
    return [row.id for row in store.publishable(lost=False, lanes=lanes, most=most, now=NOW)]


def lost(store: Store, now: datetime, *, most: int = 99, lanes: Sequence[str] = LANES) -> list[int]:
    """The ids of the batches whose message is to be published again."""
    return [row.id for row in store.publishable(lost=True, lanes=lanes, most=most, now=now)]


def returnable(store: Store, *, most: int = 99, lanes: Sequence[str] = LANES) -> list[int]:
    return [row.id for row in store.returnable(lanes=lanes, most=most)]


def counts_of(store: Store, lane: str = "tax") -> LaneCounts:
    """The lane's counts, which must add up."""
    found = next(counts for counts in store.counts() if counts.lane == lane)
    assert found.adds_up, found
    return found
