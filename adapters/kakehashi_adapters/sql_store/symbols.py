"""Acquisitions of symbols and the records that wait for them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.symbol import Acquisition, AcquisitionState, Command, HeldNumber, Origin, Step, Task
from kakehashi.ports.store_rules import OPEN
from kakehashi.ports.symbols import ACTOR, LATELY, REASON, AcquisitionRow, SymbolCount, parks, rank_of, release_request
from kakehashi_adapters.sql_store import operators
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.symbol_tables import DUE, LIVE, UNCOVERED, acquisitions, symbol_waits
from kakehashi_adapters.sql_store.tables import exceptions

__all__ = [
    "acquisition",
    "cover_waits",
    "due_acquisitions",
    "list_acquisitions",
    "move",
    "need",
    "order",
    "symbol_counts",
    "waiting_for_symbol",
]

_WAITING: Final = (
    select(func.count())
    .select_from(symbol_waits)
    .where(symbol_waits.c.acquisition_id == acquisitions.c.id)
    .scalar_subquery()
)
_ROWS: Final = select(acquisitions, _WAITING.label("waiting"))
_OPEN: Final = exceptions.c.state.in_([state.value for state in OPEN])


def need(
    connection: Connection,
    persons: Sequence[str],
    *,
    origin: Origin,
    again: bool,
    now: datetime,
    after: timedelta = timedelta(0),
    step: timedelta = timedelta(0),
) -> int:
    """`after`, `step`: when the first becomes due, and how much later each next one."""
    known = select(acquisitions.c.person).where(acquisitions.c.person.in_(persons))
    if again:
        known = known.where(text(LIVE))
        _mark(connection, persons)
    have = set(connection.execute(known).scalars())
    wanted = [person for person in dict.fromkeys(persons) if person not in have]
    lately = _linked_lately(connection, wanted, now)
    values = []
    for place, person in enumerate(wanted):
        made = Acquisition.needed(person, origin=origin, now=now, linked_lately=lately.get(person, 0))
        row = _values(made)
        if made.due is not None:
            row["due"] = to_store(made.due + after + place * step)
        values.append({**row, "created_at": to_store(now), "turn": 0})
    made_now = _insert_unless_live(connection, values)
    _adopt(connection, wanted)  # also to what another process has just made
    return made_now


def order(connection: Connection, what: Acquisition, *, now: datetime) -> bool:
    return bool(_insert_unless_live(connection, [{**_values(what), "created_at": to_store(now), "turn": 0}]))


def cover_waits(connection: Connection, *, most: int, now: datetime) -> int:
    stale = select(symbol_waits.c.exception_id).join(exceptions, exceptions.c.id == symbol_waits.c.exception_id)
    stale = stale.where(text(UNCOVERED), ~_OPEN)
    connection.execute(delete(symbol_waits).where(symbol_waits.c.exception_id.in_(stale.scalar_subquery())))
    query = select(symbol_waits.c.person).where(text(UNCOVERED)).order_by(symbol_waits.c.exception_id).limit(most)
    persons = connection.execute(query).scalars().all()
    for portion in portions(list(dict.fromkeys(persons))):
        need(connection, portion, origin=Origin.REFUSED, again=True, now=now)
        _adopt(connection, portion)
    return len(persons)


def due_acquisitions(connection: Connection, *, most: int, now: datetime) -> list[AcquisitionRow]:
    query = _ROWS.where(text(DUE), acquisitions.c.due <= to_store(now))
    query = query.order_by(acquisitions.c.rank, acquisitions.c.due, acquisitions.c.id).limit(most)
    return _rows(connection, query)


def move(connection: Connection, acquisition_id: int, *, turn: int, step: Step, now: datetime) -> bool:
    mine = (acquisitions.c.id == acquisition_id) & (acquisitions.c.turn == turn)
    values = {**_values(step.state), "turn": turn + 1}
    if not connection.execute(update(acquisitions).where(mine).values(**values)).rowcount:
        return False
    person = step.state.person
    if step.successor is not None:
        order(connection, step.successor, now=now)
        if step.successor.task is Task.ACQUIRE:
            _adopt(connection, [step.successor.person])
    elif step.command is Command.RELEASE:
        _release(connection, acquisition_id, person, now)
    if parks(step):
        waiting = select(symbol_waits.c.exception_id).where(symbol_waits.c.person == person).scalar_subquery()
        held = update(exceptions).where(exceptions.c.id.in_(waiting), exceptions.c.state == "waiting")
        connection.execute(held.values(state="parked", changed_at=to_store(now)))
    return True


def acquisition(connection: Connection, acquisition_id: int) -> AcquisitionRow | None:
    rows = _rows(connection, _ROWS.where(acquisitions.c.id == acquisition_id))
    return rows[0] if rows else None


def list_acquisitions(
    connection: Connection,
    *,
    states: Sequence[AcquisitionState],
    by_hand: bool | None,
    person: str | None,
    most: int,
) -> list[AcquisitionRow]:
    query = _ROWS.order_by(acquisitions.c.id).limit(most)
    if states:
        query = query.where(acquisitions.c.state.in_([state.value for state in states]))
    if by_hand is not None:
        query = query.where(acquisitions.c.by_hand == by_hand)
    if person is not None:
        query = query.where(acquisitions.c.person == person)
    return _rows(connection, query)


def symbol_counts(connection: Connection, *, states: Sequence[AcquisitionState]) -> list[SymbolCount]:
    key = (acquisitions.c.state, acquisitions.c.by_hand, acquisitions.c.code)
    query = select(
        *key, func.count().label("count"), func.min(acquisitions.c.since).label("oldest"),
        func.min(acquisitions.c.id).label("example"),
    ).group_by(*key)  # fmt: skip
    if states:
        query = query.where(acquisitions.c.state.in_([state.value for state in states]))
    found = [
        SymbolCount(
            state=AcquisitionState(row.state),
            by_hand=row.by_hand,
            code=row.code,
            count=row[3],
            oldest=from_store(row.oldest),
            example=row.example,
        )
        for row in connection.execute(query)
    ]
    order = list(AcquisitionState)
    return sorted(found, key=lambda each: (order.index(each.state), each.by_hand, each.code or ""))


def waiting_for_symbol(connection: Connection, persons: Sequence[str]) -> dict[str, list[int]]:
    query = select(symbol_waits.c.person, symbol_waits.c.exception_id)
    query = query.join(exceptions, exceptions.c.id == symbol_waits.c.exception_id).where(_OPEN)
    found: dict[str, list[int]] = {}
    for row in connection.execute(
        query.where(symbol_waits.c.person.in_(persons)).order_by(symbol_waits.c.exception_id)
    ):
        found.setdefault(row.person, []).append(row.exception_id)
    return found


def _release(connection: Connection, acquisition_id: int, person: str, now: datetime) -> None:
    waiting = waiting_for_symbol(connection, [person]).get(person, [])
    requests = [release_request(acquisition_id, each) for each in waiting]
    operators.redrive(connection, waiting, request_ids=requests, reason=REASON, actor=ACTOR, now=now)
    connection.execute(delete(symbol_waits).where(symbol_waits.c.person == person))


def _mark(connection: Connection, persons: Sequence[str]) -> None:
    """Of these, what is told to the server now: when it has, an acquisition begins. Who works on it comes again."""
    theirs = acquisitions.c.person.in_(persons) & (acquisitions.c.task != Task.ACQUIRE.value) & ~acquisitions.c.anew
    marked = update(acquisitions).where(text(LIVE), theirs)
    connection.execute(marked.values(anew=True, turn=acquisitions.c.turn + 1))


def _adopt(connection: Connection, persons: Sequence[str]) -> None:
    """What waits for these persons' symbols, for no acquisition or for one that has ended, waits for the live one."""
    live = select(acquisitions.c.id).where(acquisitions.c.person == symbol_waits.c.person, text(LIVE))
    its = select(acquisitions.c.id).where(acquisitions.c.id == symbol_waits.c.acquisition_id, text(LIVE))
    free = symbol_waits.c.person.in_(persons) & live.exists() & ~its.exists()
    connection.execute(update(symbol_waits).where(free).values(acquisition_id=live.scalar_subquery()))


def _linked_lately(connection: Connection, persons: Sequence[str], now: datetime) -> dict[str, int]:
    query = select(acquisitions.c.person, func.count()).where(
        acquisitions.c.person.in_(persons),
        acquisitions.c.state == AcquisitionState.LINKED.value,
        acquisitions.c.origin == Origin.REFUSED.value,
        acquisitions.c.since > to_store(now - LATELY),
    )
    return {person: count for person, count in connection.execute(query.group_by(acquisitions.c.person))}  # noqa: C416  # rows, which dict() would not type


def _insert_unless_live(connection: Connection, values: list[dict[str, Any]]) -> int:
    if not values:
        return 0
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(acquisitions)
    made = made.on_conflict_do_nothing(index_elements=["person"], index_where=text(LIVE))
    return len(connection.execute(made.returning(acquisitions.c.id), values).all())


def _values(what: Acquisition) -> dict[str, Any]:
    return {
        "person": what.person,
        "origin": what.origin.value,
        "rank": rank_of(what.origin),
        "state": what.state.value,
        "generation": what.generation,
        "failures": what.failures,
        "looks": what.looks,
        "unknown": what.unknown,
        "by_hand": what.by_hand,
        "since": to_store(what.since),
        "due": None if what.due is None else to_store(what.due),
        "key_id": None if what.number is None else what.number.key_id,
        "number": None if what.number is None else what.number.body,
        "expires_at": None if what.expires_at is None else to_store(what.expires_at),
        "code": what.code,
        "server_code": what.server_code,
        "task": what.task.value,
        "heir": what.heir,
        "anew": what.anew,
        "said": what.said,
        "actor": what.actor,
        "reason": what.reason,
    }


def _rows(connection: Connection, query: Select[Any]) -> list[AcquisitionRow]:
    return [
        AcquisitionRow(
            id=row.id, turn=row.turn, created_at=from_store(row.created_at), waiting=row.waiting, what=_what(row)
        )
        for row in connection.execute(query)
    ]


def _what(row: Any) -> Acquisition:
    return Acquisition(
        person=row.person,
        origin=Origin(row.origin),
        state=AcquisitionState(row.state),
        generation=row.generation,
        failures=row.failures,
        looks=row.looks,
        unknown=row.unknown,
        by_hand=row.by_hand,
        since=from_store(row.since),
        due=from_store(row.due),
        number=None if row.number is None else HeldNumber(row.key_id, row.number),
        expires_at=from_store(row.expires_at),
        code=row.code,
        server_code=row.server_code,
        task=Task(row.task),
        heir=row.heir,
        anew=row.anew,
        said=row.said,
        actor=row.actor,
        reason=row.reason,
    )
