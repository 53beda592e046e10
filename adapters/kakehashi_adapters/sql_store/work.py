"""A batch in work. Every change compares the batch's turn and sets the new one in a single statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from kakehashi.domain.batch import BatchState
from kakehashi.ports.inquiries import Outcomes
from kakehashi.ports.ledger import Exchange, Inquiries, NewCharacter, NewException, ReplicaChange
from kakehashi.ports.sealer import Sealed
from kakehashi.ports.store_rules import WORKABLE, check_sum
from kakehashi_adapters.sql_store.characters import add_characters, forget_degraded
from kakehashi_adapters.sql_store.exceptions import add_exceptions
from kakehashi_adapters.sql_store.halts import add_inquiries, is_still
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.outcomes import add_outcomes
from kakehashi_adapters.sql_store.replicas import announce_replicas, apply_replicas, forget_replicas
from kakehashi_adapters.sql_store.tables import UNENDED, attempts, batches, files, results

__all__ = [
    "add_exchange",
    "begin_attempt",
    "end_file",
    "locked_in_turn",
    "park",
    "postpone",
    "record_answer",
    "record_message",
    "settle",
]

_ITS_TURN = (
    (batches.c.id == bindparam("batch"))
    & (batches.c.turn == bindparam("in_turn"))
    & batches.c.state.in_([state.value for state in WORKABLE])
)
_IN_TURN = update(batches).where(_ITS_TURN)
_BEGIN = _IN_TURN.values(
    state="sent",
    turn=batches.c.turn + 1,
    attempts=batches.c.attempts + 1,
    messages=batches.c.messages + 1,
    layout_version=func.coalesce(batches.c.layout_version, bindparam("version")),
    due=bindparam("new_due"),
    updated_at=bindparam("now"),
).returning(batches.c.file_id, batches.c.lane, batches.c.messages)
_POSTPONE = _IN_TURN.values(
    state=bindparam("new_state"),
    turn=batches.c.turn + 1,
    code=bindparam("new_code"),
    receipt=bindparam("new_receipt"),
    due=bindparam("new_due"),
    updated_at=bindparam("now"),
)
_PARK = _IN_TURN.values(state="parked", code=bindparam("new_code"), due=None, updated_at=bindparam("now"))
_LOCK_IN_TURN = (
    select(batches.c.file_id, batches.c.lane, batches.c.records, batches.c.excepted, batches.c.urgent)
    .where(_ITS_TURN)
    .with_for_update(key_share=True)
)
_SETTLE = (
    update(batches)
    .where(batches.c.id == bindparam("batch"))
    .values(
        state="settled", code=bindparam("new_code"), due=None, accepted=bindparam("taken"), updated_at=bindparam("now")
    )
)
_NUMBER = (
    update(batches)
    .where(batches.c.id == bindparam("batch"))
    .values(messages=batches.c.messages + 1)
    .returning(batches.c.messages, batches.c.request_id)
)
_ATTEMPT = insert(attempts)
_ANSWER = (
    update(attempts)
    .where(attempts.c.batch_id == bindparam("batch"), attempts.c.no == bindparam("number"))
    .values(answered_at=bindparam("now"), segment=bindparam("new_segment"), code=bindparam("new_code"))
)
_NEWEST = select(batches.c.messages).where(batches.c.id == bindparam("batch"))
_RESULT = insert(results)
_FILE_LOCK = select(files.c.id).where(files.c.id == bindparam("file")).with_for_update(key_share=True)
_END_FILE = (
    update(files)
    .where(
        files.c.id == bindparam("file"),
        files.c.state == "working",
        ~select(1)
        .where(
            batches.c.lane == bindparam("of_lane"), batches.c.file_id == bindparam("file"), text(f"batches.{UNENDED}")
        )
        .exists(),
    )
    .values(state="settled")
)


def begin_attempt(
    connection: Connection,
    batch_id: int,
    *,
    turn: int,
    message_id: str,
    exceptions: Sequence[NewException],
    now: datetime,
    due: datetime,
    replicas: Mapping[int, ReplicaChange],
    characters: Sequence[NewCharacter],
    halts: int | None,
    inquiries: Inquiries,
    layout_version: str | None,
) -> bool:
    if halts is not None and not is_still(connection, halts):
        return False
    at = to_store(now)
    begun = {"batch": batch_id, "in_turn": turn, "version": layout_version, "new_due": to_store(due), "now": at}
    row = connection.execute(_BEGIN, begun).one_or_none()
    if row is None:
        return False
    connection.execute(_ATTEMPT, {"batch_id": batch_id, "no": row.messages, "message_id": message_id, "sent_at": at})
    if exceptions:
        add_exceptions(connection, exceptions, batch_id=batch_id, file_id=row.file_id, lane=row.lane, now=at)
    if row.messages > 1:
        forget_replicas(connection, batch_id)
        forget_degraded(connection, batch_id)
    add_characters(connection, batch_id, characters, now=at)
    announce_replicas(connection, batch_id, replicas)
    add_inquiries(connection, batch_id, inquiries)
    return True


def record_message(connection: Connection, batch_id: int, *, message_id: str, request_id: str, now: datetime) -> int:
    row = connection.execute(_NUMBER, {"batch": batch_id}).one_or_none()
    if row is None:
        msg = f"no batch {batch_id}"
        raise ValueError(msg)
    values = {
        "batch_id": batch_id,
        "no": row.messages,
        "message_id": message_id,
        "request_id": None if request_id == row.request_id else request_id,
        "sent_at": to_store(now),
    }
    connection.execute(_ATTEMPT, values)
    return int(row.messages)


def record_answer(
    connection: Connection, batch_id: int, *, no: int, segment: int | None, code: str, now: datetime
) -> None:
    number = no or connection.execute(_NEWEST, {"batch": batch_id}).scalar()
    answer = {"batch": batch_id, "number": number, "now": to_store(now), "new_segment": segment, "new_code": code}
    connection.execute(_ANSWER, answer)


def add_exchange(connection: Connection, batch_id: int, exchange: Exchange | None, *, now: datetime) -> None:
    if exchange is None:
        return
    no = 0
    if exchange.request_id is not None:
        no = record_message(
            connection,
            batch_id,
            message_id=exchange.message_id,
            request_id=exchange.request_id,
            now=exchange.sent_at,
        )
    record_answer(connection, batch_id, no=no, segment=exchange.segment, code=exchange.code, now=now)


def postpone(
    connection: Connection,
    batch_id: int,
    *,
    turn: int,
    state: BatchState,
    code: str | None,
    receipt: str | None,
    due: datetime,
    now: datetime,
    exchange: Exchange | None,
) -> bool:
    add_exchange(connection, batch_id, exchange, now=now)
    values = {
        "batch": batch_id,
        "in_turn": turn,
        "new_state": state.value,
        "new_code": code,
        "new_receipt": receipt,
        "new_due": to_store(due),
        "now": to_store(now),
    }
    return connection.execute(_POSTPONE, values).rowcount == 1


def park(
    connection: Connection, batch_id: int, *, turn: int, code: str, now: datetime, exchange: Exchange | None
) -> bool:
    add_exchange(connection, batch_id, exchange, now=now)
    values = {"batch": batch_id, "in_turn": turn, "new_code": code, "now": to_store(now)}
    return connection.execute(_PARK, values).rowcount == 1


def settle(
    connection: Connection,
    batch_id: int,
    *,
    turn: int,
    accepted: int,
    code: str | None,
    exceptions: Sequence[NewException],
    result: Sealed | None,
    now: datetime,
    exchange: Exchange | None,
    characters: Sequence[NewCharacter],
    outcomes: Outcomes,
) -> bool:
    add_exchange(connection, batch_id, exchange, now=now)
    row = locked_in_turn(connection, batch_id, turn)
    if row is None:
        return False
    at, excepted = to_store(now), row.excepted
    if exceptions:
        excepted = add_exceptions(connection, exceptions, batch_id=batch_id, file_id=row.file_id, lane=row.lane, now=at)
    check_sum(records=row.records, accepted=accepted, excepted=excepted)
    connection.execute(_SETTLE, {"batch": batch_id, "new_code": code, "taken": accepted, "now": at})
    apply_replicas(connection, batch_id)
    add_characters(connection, batch_id, characters, now=at)
    if result is not None:
        connection.execute(_RESULT, {"batch_id": batch_id, "key_id": result.key_id, "body": result.body})
    add_outcomes(connection, batch_id, outcomes, accepted=accepted)
    end_file(connection, row.file_id, lane=row.lane)
    return True


def locked_in_turn(connection: Connection, batch_id: int, turn: int) -> Row[int, str, int, int, bool] | None:
    """file_id, lane, records, excepted and urgent of a batch, if it is its turn."""
    return connection.execute(_LOCK_IN_TURN, {"batch": batch_id, "in_turn": turn}).one_or_none()


def end_file(connection: Connection, file_id: int, *, lane: str) -> None:
    """Settle a file in work when none of its batches is. The file's row is locked last of all.

    On PostgreSQL the lock comes in a statement of its own, so that of two transactions that settle the last two
    batches the later one sees the other's.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_FILE_LOCK, {"file": file_id})
    connection.execute(_END_FILE, {"file": file_id, "of_lane": lane})
