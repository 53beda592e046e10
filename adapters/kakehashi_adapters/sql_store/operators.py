"""What operators decide: each decision changes the ledger and is written down with its reason, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, text, update

from kakehashi.domain.batch import BatchState
from kakehashi.ports.ledger import BatchRow, CharactersByBatch, NewBatch
from kakehashi.ports.store_rules import OPEN, may_have_arrived, released_as
from kakehashi_adapters.sql_store.characters import replace_returned
from kakehashi_adapters.sql_store.households import Household, members_of
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.outbox import insert_batches, new_batch
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.replicas import forget_replicas
from kakehashi_adapters.sql_store.rows import BATCH, batch_row
from kakehashi_adapters.sql_store.tables import UNRETURNED, attempts, batches, decisions, exceptions, files, retries
from kakehashi_adapters.sql_store.work import end_file

__all__ = ["decide_batch", "decide_file", "discard", "mark_returned", "redrive", "send_again", "take_up", "write_down"]

_SOURCE = (
    exceptions.c.id,
    exceptions.c.file_id,
    exceptions.c.batch_id,
    exceptions.c.lane,
    exceptions.c.record_no,
    func.coalesce(exceptions.c.byte_offset, batches.c.byte_offset).label("byte_offset"),
)
_OPEN = (
    select(*_SOURCE)
    .join_from(exceptions, batches, exceptions.c.batch_id == batches.c.id)
    .where(
        exceptions.c.id.in_(bindparam("ids", expanding=True)),
        exceptions.c.state.in_([state.value for state in OPEN]),
    )
    .order_by(exceptions.c.id)
    .with_for_update(of=exceptions)
)
_DECIDE = (
    update(exceptions)
    .where(exceptions.c.id.in_(bindparam("ids", expanding=True)))
    .values(state=bindparam("new_state"), reason=bindparam("why"), actor=bindparam("who"), changed_at=bindparam("now"))
)
_NEWEST_SEND = (
    select(attempts.c.segment, attempts.c.code)
    .where(attempts.c.batch_id == bindparam("batch"), attempts.c.request_id.is_(None))
    .order_by(attempts.c.no.desc())
    .limit(1)
)
_HOW_MANY = select(func.count()).select_from(batches).where(batches.c.file_id == bindparam("file"))
_REOPEN = update(files).where(files.c.id.in_(bindparam("ids", expanding=True))).values(state="working")


def redrive(
    connection: Connection,
    exception_ids: Sequence[int],
    *,
    request_ids: Sequence[str],
    reason: str,
    actor: str,
    now: datetime,
    action: str = "redrive",
) -> list[BatchRow]:
    wanted = dict(reversed(list(zip(exception_ids, request_ids, strict=True))))
    units = take_up(connection, exception_ids, action=action, reason=reason, actor=actor, now=now)
    return send_again(connection, [(wanted[number], number, rows) for number, rows in units.items()], now=now)


def take_up(
    connection: Connection,
    exception_ids: Sequence[int],
    *,
    reason: str,
    actor: str,
    now: datetime,
    action: str = "redrive",
    order_id: int | None = None,
) -> dict[int, list[Row[Any]]]:
    """Those that are open, now retried, each with the open ones of its household, by record number: under the first
    that was named of each household.
    """
    asked = list(dict.fromkeys(exception_ids))
    homes = members_of(connection, asked)
    for ids in portions(sorted({*asked, *homes}) if homes else ()):
        connection.execute(_OPEN, {"ids": ids}).all()  # locked in one order, whoever else takes up the same households
    taken = take(
        connection, asked, state="retried", action=action, reason=reason, actor=actor, now=now, order_id=order_id
    )
    going = {homes[number] for number in taken if number in homes}
    fellows = [number for number, home in homes.items() if home in going and number not in taken]
    taken |= take(
        connection, fellows, state="retried", action="redrive", reason=reason, actor=actor, now=now, order_id=order_id
    )
    units: dict[int | Household, list[int]] = {}
    for number in (*(each for each in asked if each in taken), *sorted(each for each in fellows if each in taken)):
        units.setdefault(homes.get(number, number), []).append(number)
    return {
        numbers[0]: sorted((taken[number] for number in numbers), key=lambda row: row.record_no)
        for numbers in units.values()
    }


def send_again(
    connection: Connection, groups: Sequence[tuple[str, int, Sequence[Row[Any]]]], *, now: datetime
) -> list[BatchRow]:
    """A new batch for each group: its request id, the exception that it is named after, and exceptions of one file that
    `take` gave, by record number.
    """
    next_seq = _reopen(connection, sorted({rows[0].file_id for _, _, rows in groups}))
    values = []
    for request_id, named, rows in groups:
        first = rows[0]
        batch = NewBatch(
            seq=next_seq[first.file_id],
            first_record=first.record_no,
            records=len(rows),
            offset=first.byte_offset,
            spool_offset=0,
            spool_length=0,
        )
        next_seq[first.file_id] += 1
        values.append(
            new_batch(
                batch,
                file_id=first.file_id,
                lane=first.lane,
                request_id=request_id,
                now=now,
                redrive_of=named,
            )
        )
    insert_batches(connection, values)
    made: dict[str, BatchRow] = {}
    for ids in portions(request_id for request_id, *_ in groups):
        found = map(batch_row, connection.execute(select(*BATCH).where(batches.c.request_id.in_(ids))))
        made |= {row.request_id: row for row in found}
    carried = [{"exception_id": row.id, "batch_id": made[request].id} for request, _, rows in groups for row in rows]
    if carried:
        connection.execute(insert(retries), carried)
    return sorted(made.values(), key=lambda row: row.id)


def take(
    connection: Connection,
    exception_ids: Sequence[int],
    *,
    state: str,
    action: str,
    reason: str,
    actor: str,
    now: datetime,
    order_id: int | None = None,
) -> dict[int, Row[Any]]:
    """Those of the exceptions that are open, now in `state`, each with its decision written."""
    taken: dict[int, Row[Any]] = {}
    for ids in portions(sorted(exception_ids)):
        taken |= {row.id: row for row in connection.execute(_OPEN, {"ids": ids})}
    for ids in portions(taken):
        change = {"ids": ids, "new_state": state, "why": reason, "who": actor, "now": to_store(now)}
        connection.execute(_DECIDE, change)
    in_order = [taken[exception_id] for exception_id in dict.fromkeys(exception_ids) if exception_id in taken]
    written = [
        _decision(
            action,
            reason=reason,
            actor=actor,
            now=now,
            file_id=row.file_id,
            batch_id=row.batch_id,
            exception_id=row.id,
            order_id=order_id,
        )
        for row in in_order
    ]
    if written:
        connection.execute(insert(decisions), written)
    return taken


def _reopen(connection: Connection, file_ids: Sequence[int]) -> dict[int, int]:
    """Put files in work again; returns the next seq of each."""
    next_seq: dict[int, int] = {}
    for ids in portions(file_ids):
        # Locked first: a file whose last batch is being settled elsewhere must not be settled after this.
        connection.execute(select(files.c.id).where(files.c.id.in_(ids)).order_by(files.c.id).with_for_update())
        connection.execute(_REOPEN, {"ids": ids})
        query = select(batches.c.file_id, func.max(batches.c.seq)).where(batches.c.file_id.in_(ids))
        next_seq |= {file_id: seq + 1 for file_id, seq in connection.execute(query.group_by(batches.c.file_id))}
    return next_seq


def discard(
    connection: Connection,
    exception_ids: Sequence[int],
    *,
    reason: str,
    actor: str,
    now: datetime,
    order_id: int | None = None,
) -> int:
    taken = take(
        connection,
        exception_ids,
        state="discarded",
        action="discard",
        reason=reason,
        actor=actor,
        now=now,
        order_id=order_id,
    )
    return len(taken)


def decide_file(connection: Connection, file_id: int, *, release: bool, reason: str, actor: str, now: datetime) -> bool:
    query = select(files.c.state, files.c.lane, files.c.records, files.c.batches).where(files.c.id == file_id)
    file = connection.execute(query.with_for_update()).one_or_none()
    if file is None or file.state != "held" or (release and file.records and not file.batches):
        return False
    its_batches = update(batches).where(batches.c.file_id == file_id).values(updated_at=to_store(now))
    its_file = update(files).where(files.c.id == file_id)
    if release:
        connection.execute(its_batches.values(state="new", code=None))
        connection.execute(its_file.values(state="working", code=None))
        end_file(connection, file_id, lane=file.lane)
    else:
        connection.execute(its_batches.values(state="discarded"))
        connection.execute(its_file.values(state="refused"))
    action = "release" if release else "refuse"
    write_down(connection, action, reason=reason, actor=actor, now=now, file_id=file_id)
    return True


def decide_batch(
    connection: Connection,
    batch_id: int,
    *,
    release: bool,
    reason: str,
    actor: str,
    now: datetime,
    order_id: int | None = None,
) -> bool:
    query = (
        select(batches.c.file_id, batches.c.lane, batches.c.receipt)
        .join_from(batches, files, batches.c.file_id == files.c.id)
        .where(batches.c.id == batch_id, batches.c.state == "parked", files.c.state != "held")
        .with_for_update(of=batches)
    )
    batch = connection.execute(query).one_or_none()
    if batch is None:
        return False
    change = update(batches).where(batches.c.id == batch_id).values(updated_at=to_store(now))
    if release:
        send = connection.execute(_NEWEST_SEND, {"batch": batch_id}).one_or_none()
        may_be_known = send is not None and may_have_arrived(segment=send.segment, code=send.code)
        state = released_as(receipt=batch.receipt, may_be_known=may_be_known)
        due = None if state is BatchState.NEW else to_store(now)
        connection.execute(change.values(state=state.value, due=due, turn=batches.c.turn + 1, code=None))
    else:
        connection.execute(change.values(state="discarded"))
        forget_replicas(connection, batch_id)
        end_file(connection, batch.file_id, lane=batch.lane)
    write_down(
        connection,
        "release" if release else "discard",
        reason=reason,
        actor=actor,
        now=now,
        file_id=batch.file_id,
        batch_id=batch_id,
        order_id=order_id,
    )
    return True


def mark_returned(
    connection: Connection, file_id: int, *, batches: int, now: datetime, characters: CharactersByBatch
) -> bool:
    # Locked first, so that the count below sees what a retry that held the lock has added.
    locked = select(files.c.id).where(files.c.id == file_id, text(UNRETURNED)).with_for_update()
    if connection.execute(locked).one_or_none() is None:
        return False
    if connection.execute(_HOW_MANY, {"file": file_id}).scalar_one() != batches:
        return False
    state = case((files.c.state == "settled", "returned"), else_=files.c.state)
    connection.execute(update(files).where(files.c.id == file_id).values(state=state, returned_at=to_store(now)))
    replace_returned(connection, file_id, characters, now=to_store(now))
    return True


def write_down(connection: Connection, action: str, **of: Any) -> None:
    connection.execute(insert(decisions), _decision(action, **of))


def _decision(
    action: str,
    *,
    reason: str,
    actor: str,
    now: datetime,
    file_id: int,
    batch_id: int | None = None,
    exception_id: int | None = None,
    order_id: int | None = None,
) -> dict[str, object]:
    return {
        "at": to_store(now),
        "actor": actor,
        "action": action,
        "reason": reason,
        "file_id": file_id,
        "batch_id": batch_id,
        "exception_id": exception_id,
        "order_id": order_id,
    }
