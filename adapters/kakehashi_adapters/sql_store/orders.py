"""Orders over whole groups of records: one step is one transaction, which moves the order's own bounds with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, text, update

from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.redrive import (
    BatchCause,
    NewOrder,
    OrderRow,
    order_request,
    packed,
    pause_after,
    step_of,
    together,
)
from kakehashi.ports.store_rules import OPEN
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.operators import decide_batch, discard, send_again, take_up
from kakehashi_adapters.sql_store.reading import PARKED
from kakehashi_adapters.sql_store.rows import ORDER, order_row
from kakehashi_adapters.sql_store.tables import REDRIVEN, batches, exceptions, orders

__all__ = ["carry_out", "is_ordered", "list_orders", "parked_causes", "place_order", "stop_order"]

_IS_OPEN = exceptions.c.state.in_([state.value for state in OPEN])
_CAUSE = ("code", "server_code", "item")
_REST = func.coalesce(func.sum(batches.c.records - batches.c.excepted), 0)
_ON_THEIR_WAY = select(func.coalesce(func.sum(batches.c.records), 0)).where(text(REDRIVEN))


class _Step(NamedTuple):
    """What a step took: records, and up to which exception and batch it has come."""

    records: int
    exceptions_at: int
    batches_at: int


def parked_causes(connection: Connection) -> list[BatchCause]:
    code = func.coalesce(batches.c.code, "")
    figures = func.count(), _REST, func.min(batches.c.updated_at), func.min(batches.c.id)
    query = select(batches.c.lane, code, *figures).where(*PARKED).group_by(batches.c.lane, code)
    found = [
        BatchCause(lane, code, count, int(records), from_store(oldest), example)
        for lane, code, count, records, oldest, example in connection.execute(query)
    ]
    return sorted(found, key=lambda cause: (-cause.records, cause.lane, cause.code))


def place_order(connection: Connection, order: NewOrder) -> OrderRow:
    if order.action is OrderAction.LETTERS:
        return _insert(connection, order, selected=order.most or 0, state=OrderState.DONE)
    records, last = connection.execute(
        select(func.count(), func.max(exceptions.c.id)).where(*_chosen_exceptions(order))
    ).one()
    query = select(_REST, func.max(batches.c.id)).where(*_chosen_batches(order), *PARKED)
    in_batches, last_batch = connection.execute(query).one()
    bounds = {"exceptions_to": last or 0, "batches_to": last_batch or 0}
    return _insert(connection, order, selected=records + int(in_batches), state=OrderState.OPEN, **bounds)


def _insert(
    connection: Connection,
    order: NewOrder,
    *,
    selected: int,
    state: OrderState,
    exceptions_to: int = 0,
    batches_to: int = 0,
) -> OrderRow:
    values = {
        "lane": order.lane,
        "code": order.code,
        "server_code": order.server_code,
        "item": order.item,
        "action": order.action.value,
        "reason": order.reason,
        "actor": order.actor,
        "per_second": order.per_second,
        "most": order.most,
        "placed_at": to_store(order.placed_at),
        "state": state.value,
        "selected": selected,
        "done": selected if state is OrderState.DONE else 0,
        "due": to_store(order.placed_at),
        "changed_at": to_store(order.placed_at),
        "exceptions_to": exceptions_to,
        "batches_to": batches_to,
        "exceptions_at": 0,
        "batches_at": 0,
    }
    return order_row(connection.execute(insert(orders).values(values).returning(*ORDER)).one())


def _chosen_exceptions(order: Any, *, lane: ColumnElement[str] = exceptions.c.lane) -> list[ColumnElement[bool]]:
    """The open records of an order; NewOrder and rows of the table have the same names."""
    causes = {name: getattr(order, name) for name in _CAUSE}
    wanted = [exceptions.c[name] == value for name, value in causes.items() if value is not None]
    return [lane == order.lane, _IS_OPEN, *wanted]


def _chosen_batches(order: Any) -> list[Any]:
    """Parked batches have neither a server's code nor an item."""
    if order.server_code is not None or order.item is not None:
        return [text("1 = 0")]
    wanted = [] if order.code is None else [batches.c.code == order.code]
    return [batches.c.lane == order.lane, *wanted]


def list_orders(connection: Connection, *, state: OrderState | None) -> list[OrderRow]:
    query = select(*ORDER).order_by(orders.c.id)
    if state is OrderState.OPEN:
        query = query.where(text("state = 'open'"))
    elif state is not None:
        query = query.where(orders.c.state == state.value)
    return [order_row(row) for row in connection.execute(query)]


def carry_out(
    connection: Connection, order_id: int, *, batch_records: int, most: int, waiting: int, now: datetime
) -> OrderRow | None:
    query = select(orders).where(orders.c.id == order_id, text("state = 'open'")).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    order = order_row(connection.execute(select(*ORDER).where(orders.c.id == order_id)).one())
    if not order.is_due(now):
        return None
    on_their_way = int(connection.execute(_ON_THEIR_WAY.where(batches.c.lane == order.lane)).scalar_one())
    size = together(order, batch_records=batch_records, most=most, waiting=waiting)
    limit = step_of(order, size=size, most=most, room=waiting - on_their_way)
    if limit == 0:
        return None
    step = _records(connection, row, order, limit=limit, size=size, now=now)
    if step.exceptions_at >= row.exceptions_to:
        step = _whole_batches(connection, row, step, limit=limit, now=now)
    done = order.done + step.records
    ended = step.exceptions_at >= row.exceptions_to and step.batches_at >= row.batches_to
    ended = ended or (order.most is not None and done >= order.most)
    change = {
        "done": done,
        "state": (OrderState.DONE if ended else OrderState.OPEN).value,
        "due": to_store(now + pause_after(order, step.records)),
        "changed_at": to_store(now),
        "exceptions_at": step.exceptions_at,
        "batches_at": step.batches_at,
    }
    changed = update(orders).where(orders.c.id == order_id).values(change).returning(*ORDER)
    return order_row(connection.execute(changed).one())


def _records(connection: Connection, row: Row[Any], order: OrderRow, *, limit: int, size: int, now: datetime) -> _Step:
    between = exceptions.c.id > row.exceptions_at, exceptions.c.id <= row.exceptions_to
    chosen = _chosen_exceptions(row, lane=func.coalesce(exceptions.c.lane, ""))  # in the order of ids, by no index
    query = select(exceptions.c.id).where(*chosen, *between).order_by(exceptions.c.id).limit(limit)
    ids = list(connection.execute(query).scalars())
    at = ids[-1] if len(ids) == limit else row.exceptions_to
    if not ids:
        return _Step(0, at, row.batches_at)
    if order.action is OrderAction.DISCARD:
        gone = discard(connection, ids, reason=order.reason, actor=order.actor, now=now, order_id=order.id)
        return _Step(gone, at, row.batches_at)
    units = take_up(connection, ids, reason=order.reason, actor=order.actor, now=now, order_id=order.id)
    groups = [
        (order_request(order.id, [each.id for each in group]), group[0].id, group)
        for some in packed(list(units.values()), size)
        for group in _by_file(some)
    ]
    send_again(connection, groups, now=now)
    return _Step(sum(map(len, units.values())), at, row.batches_at)


def _by_file(rows: Iterable[Row[Any]]) -> Iterator[list[Row[Any]]]:
    in_order = sorted(rows, key=lambda row: (row.file_id, row.record_no))
    return (list(group) for _, group in groupby(in_order, key=lambda row: row.file_id))


def _whole_batches(connection: Connection, row: Row[Any], step: _Step, *, limit: int, now: datetime) -> _Step:
    """Batches one after another until the step is full; the last one may be larger than what was left."""
    while step.records < limit:
        between = batches.c.id > step.batches_at, batches.c.id <= row.batches_to
        rest = batches.c.records - batches.c.excepted
        query = select(batches.c.id, rest.label("rest")).where(*_chosen_batches(row), *PARKED, *between)
        found = connection.execute(query.order_by(batches.c.id).limit(1)).one_or_none()
        if found is None:
            return step._replace(batches_at=row.batches_to)
        decided = decide_batch(
            connection,
            found.id,
            release=row.action == OrderAction.RETRY.value,
            reason=row.reason,
            actor=row.actor,
            now=now,
            order_id=row.id,
        )
        step = _Step(step.records + found.rest * decided, step.exceptions_at, found.id)
    return step


def stop_order(connection: Connection, order_id: int, *, reason: str, actor: str, now: datetime) -> bool:
    change = {
        "state": OrderState.STOPPED.value,
        "stopped_by": actor,
        "stop_reason": reason,
        "changed_at": to_store(now),
    }
    stopped = update(orders).where(orders.c.id == order_id, text("state = 'open'")).values(change)
    return connection.execute(stopped).rowcount == 1


def is_ordered(connection: Connection, file_id: int) -> bool:
    its_records = and_(
        exceptions.c.file_id == file_id,
        exceptions.c.lane == orders.c.lane,
        _IS_OPEN,
        exceptions.c.id > orders.c.exceptions_at,
        exceptions.c.id <= orders.c.exceptions_to,
        *(or_(orders.c[name].is_(None), exceptions.c[name] == orders.c[name]) for name in _CAUSE),
    )
    query = select(exceptions.c.id).select_from(orders.join(exceptions, its_records))
    return connection.execute(query.where(text("orders.state = 'open'")).limit(1)).one_or_none() is not None
