"""What is stopped. Decisions and intents to send exclude each other: on PostgreSQL by a lock that intents share, on
SQLite there is one writer at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.halt import HaltAction, Halted, HaltMeans, HaltOf
from kakehashi.ports.halts import HaltRow, NewHalt, Sent
from kakehashi.ports.ledger import ReplicaChange
from kakehashi_adapters.sql_store.halt_tables import STANDING, halts, inquired
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.sequences import next_sequences
from kakehashi_adapters.sql_store.tables import pending_replicas, replicas

__all__ = [
    "add_inquiries",
    "halted",
    "is_still",
    "lift_halt",
    "list_halts",
    "persons_in_flight",
    "place_halt",
    "postpone_halt",
    "replicas_ever",
    "sent_about",
    "told_halt",
    "waiting_halts",
]

_LOCK = 0x68616C74  # "halt"
_ALONE, _SHARED = (text(f"SELECT pg_advisory_xact_lock{kind}({_LOCK})") for kind in ("", "_shared"))
_VERSION = select(func.coalesce(func.max(halts.c.version), 0))
_ROW = tuple(column for column in halts.c if column.name != "version")
_TIMES = ("placed_at", "done_at", "lifted_at", "lift_done_at", "due")
_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(inquired).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(inquired).on_conflict_do_nothing(),
}


def is_still(connection: Connection, version: int) -> bool:
    """Whether nothing was decided since this version; nothing is, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARED)  # a statement of its own: the next one sees what its wait was for
    return bool(connection.execute(_VERSION).scalar_one() == version)


def _next_version(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE)
    return int(connection.execute(_VERSION).scalar_one()) + 1


def place_halt(connection: Connection, halt: NewHalt) -> tuple[HaltRow, bool]:
    version = _next_version(connection)
    known = _standing(connection, halt.action, halt.of, halt.key)
    if known is not None:
        return known, False
    sequence = next_sequences(connection, 1, at=halt.placed_at, extract=False)
    values = asdict(halt) | {"placed_at": to_store(halt.placed_at), "sequence": sequence, "version": version}
    row = connection.execute(insert(halts).values(values).returning(*_ROW)).one()
    return _halt_row(row), True


def lift_halt(
    connection: Connection, action: HaltAction, of: HaltOf, key: str, *, reason: str, actor: str, now: datetime
) -> HaltRow | None:
    version = _next_version(connection)
    known = _standing(connection, action, of, key)
    if known is None:
        return None
    others = select(halts.c.id).where(
        text(STANDING),
        halts.c.of == of,
        halts.c.key == key,
        halts.c.means == HaltMeans.LOCK,
        halts.c.id != known.id,
    )
    silent = known.means is not HaltMeans.LOCK or connection.execute(others).first() is not None
    lifted = update(halts).where(halts.c.id == known.id)
    values = {
        "lifted_at": to_store(now),
        "lifted_by": actor,
        "lift_reason": reason,
        "lift_sequence": next_sequences(connection, 1, at=now, extract=False),
        "lift_done_at": to_store(now) if silent else None,
        "code": None,
        "due": None,
        "version": version,
    }
    return _halt_row(connection.execute(lifted.values(values).returning(*_ROW)).one())


def _standing(connection: Connection, action: HaltAction, of: HaltOf, key: str) -> HaltRow | None:
    query = select(*_ROW).where(text(STANDING), halts.c.of == of, halts.c.key == key, halts.c.action == action)
    row = connection.execute(query).one_or_none()
    return None if row is None else _halt_row(row)


def list_halts(connection: Connection, *, standing: bool, of: HaltOf | None, key: str | None) -> list[HaltRow]:
    query = select(*_ROW).order_by(halts.c.id)
    if standing:
        query = query.where(text(STANDING))
    if of is not None:
        query = query.where(halts.c.of == of)
    if key is not None:
        query = query.where(halts.c.key == key)
    return [_halt_row(row) for row in connection.execute(query)]


def waiting_halts(connection: Connection) -> list[HaltRow]:
    placed = halts.c.lifted_at.is_(None) & halts.c.done_at.is_(None)
    lifted = halts.c.lifted_at.is_not(None) & halts.c.lift_done_at.is_(None)
    query = select(*_ROW).where(or_(placed, lifted)).order_by(halts.c.id)
    return [_halt_row(row) for row in connection.execute(query)]


def halted(connection: Connection) -> Halted:
    """Version and halts are read by one statement each, the version first: what comes in between is seen twice."""
    version = int(connection.execute(_VERSION).scalar_one())
    query = select(halts.c.action, halts.c.of, halts.c.key, halts.c.placed_at).where(text(STANDING))
    rows = connection.execute(query).all()
    return Halted(
        version,
        frozenset(row.key for row in rows if row.action == HaltAction.SUSPEND),
        {row.key: from_store(row.placed_at) for row in rows if row.of == HaltOf.INFORMATION},
    )


def told_halt(connection: Connection, halt_id: int, *, lifted: bool, now: datetime) -> bool:
    if lifted:
        told = update(halts).where(halts.c.id == halt_id, halts.c.lift_done_at.is_(None))
        told = told.where(halts.c.lifted_at.is_not(None)).values(lift_done_at=to_store(now), code=None, due=None)
    else:
        told = update(halts).where(halts.c.id == halt_id, halts.c.done_at.is_(None), halts.c.lifted_at.is_(None))
        told = told.values(done_at=to_store(now), code=None, due=None)
    return connection.execute(told).rowcount == 1


def postpone_halt(connection: Connection, halt_id: int, *, code: str, due: datetime) -> None:
    connection.execute(update(halts).where(halts.c.id == halt_id).values(code=code, due=to_store(due)))


def persons_in_flight(connection: Connection, person: str) -> list[ReplicaChange]:
    columns = [pending_replicas.c[name] for name in ReplicaChange._fields]
    rows = connection.execute(select(*columns).where(pending_replicas.c.person == person))
    return sorted(ReplicaChange(*row) for row in rows)


def add_inquiries(connection: Connection, batch_id: int, inquiries: Mapping[int, tuple[str, str]]) -> None:
    if inquiries:
        rows = [
            {"person": person, "batch_id": batch_id, "record_no": number, "info_name": info_name}
            for number, (person, info_name) in inquiries.items()
        ]
        connection.execute(_UNLESS_KNOWN[connection.dialect.name], rows)


def sent_about(connection: Connection, *, person: str | None, info_name: str | None) -> list[Sent]:
    query = select(inquired).order_by(inquired.c.batch_id, inquired.c.record_no)
    if person is not None:
        query = query.where(inquired.c.person == person)
    if info_name is not None:
        query = query.where(inquired.c.info_name == info_name)
    return [Sent(**row._asdict()) for row in connection.execute(query)]


def replicas_ever(connection: Connection, person: str) -> list[ReplicaChange]:
    return sorted(
        ReplicaChange(*row) for row in connection.execute(select(replicas).where(replicas.c.person == person))
    )


def _halt_row(row: Row[Any]) -> HaltRow:
    values = row._asdict()
    values["action"], values["of"] = HaltAction(values["action"]), HaltOf(values["of"])
    values["means"] = HaltMeans(values["means"])
    return HaltRow(**values | {name: from_store(values[name]) for name in _TIMES})
