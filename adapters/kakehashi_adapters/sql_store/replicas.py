"""Replica state by key: announced with a send, applied when the batch is settled.

Hot path: one round trip for a whole batch, in the database's own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select

from kakehashi.ports.ledger import ReplicaChange
from kakehashi_adapters.sql_store.tables import pending_replicas, replicas

__all__ = [
    "announce_replicas",
    "announced_keys",
    "apply_replicas",
    "forget_replicas",
    "newest_replicas",
    "persons_replicas",
    "replicas_after",
]

_COLUMNS: Final = "person, info_name, unit, sequence, digest, deleted"
_SQLITE_ANNOUNCE: Final = (
    f"INSERT INTO pending_replicas (batch_id, record_no, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
)
_POSTGRESQL_ANNOUNCE: Final = (
    f"INSERT INTO pending_replicas (batch_id, record_no, {_COLUMNS}) SELECT %s, * FROM unnest("  # noqa: S608  # constants
    "%s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bytea[], %s::boolean[])"
)
# One row a key, in the order of the keys: two settling batches can wait for each other's rows, but not in a circle.
_ACCEPTED: Final = (
    " FROM pending_replicas AS p WHERE p.batch_id = {0} AND NOT EXISTS"
    " (SELECT 1 FROM exceptions AS e WHERE e.batch_id = p.batch_id AND e.record_no = p.record_no)"
)
_UNLESS_OLDER: Final = (
    " ON CONFLICT (person, info_name, unit) DO UPDATE"
    " SET sequence = excluded.sequence, digest = excluded.digest, deleted = excluded.deleted"
    " WHERE excluded.sequence > replicas.sequence"
)
_SQLITE_APPLY: Final = (
    f"INSERT INTO replicas ({_COLUMNS}) SELECT person, info_name, unit, max(sequence), digest, deleted"  # constants
    f"{_ACCEPTED.format('?')} GROUP BY person, info_name, unit ORDER BY person, info_name, unit{_UNLESS_OLDER}"
)
_POSTGRESQL_APPLY: Final = (
    f"INSERT INTO replicas ({_COLUMNS}) SELECT DISTINCT ON (person, info_name, unit) {_COLUMNS}"  # constants
    f"{_ACCEPTED.format('%s')} ORDER BY person, info_name, unit, sequence DESC{_UNLESS_OLDER}"
)
_FORGET: Final = "DELETE FROM pending_replicas WHERE batch_id = "
# CROSS JOIN tells SQLite to begin with the keys; JSON has no limit on their number, parameters have.
_SQLITE_NEWEST: Final = (
    "SELECT r.person, r.info_name, r.unit, r.sequence FROM json_each(?) AS k CROSS JOIN replicas AS r"
    " WHERE r.person = json_extract(k.value, '$[0]') AND r.info_name = json_extract(k.value, '$[1]')"
    " AND r.unit = json_extract(k.value, '$[2]')"
)
# A subquery for each key: PostgreSQL would otherwise read the whole table when it thinks it small.
_POSTGRESQL_NEWEST: Final = (
    "SELECT k.person, k.info_name, k.unit, (SELECT r.sequence FROM replicas AS r"
    " WHERE r.person = k.person AND r.info_name = k.info_name AND r.unit = k.unit)"
    " FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (person, info_name, unit)"
)

Key = tuple[str, str, str]


def announce_replicas(connection: Connection, batch_id: int, replicas: Mapping[int, ReplicaChange]) -> None:
    """Keep by record number what becomes replica state with `apply_replicas`."""
    if not replicas:
        return
    if connection.dialect.name == "sqlite":
        rows = [(batch_id, record_no, *change) for record_no, change in replicas.items()]
        connection.exec_driver_sql(_SQLITE_ANNOUNCE, rows)
    else:
        columns = [list(column) for column in zip(*replicas.values(), strict=True)]
        connection.exec_driver_sql(_POSTGRESQL_ANNOUNCE, (batch_id, list(replicas), *columns))


def apply_replicas(connection: Connection, batch_id: int) -> None:
    """What was announced and has no exception becomes the state of its key, unless the key has a newer one."""
    apply = _SQLITE_APPLY if connection.dialect.name == "sqlite" else _POSTGRESQL_APPLY
    connection.exec_driver_sql(apply, (batch_id,))
    forget_replicas(connection, batch_id)


def forget_replicas(connection: Connection, batch_id: int) -> None:
    placeholder = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(_FORGET + placeholder, (batch_id,))


def newest_replicas(connection: Connection, keys: Sequence[Key]) -> Mapping[Key, int]:
    if not keys:
        return {}
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_SQLITE_NEWEST, (json.dumps(keys),))
    else:
        found = connection.exec_driver_sql(
            _POSTGRESQL_NEWEST, tuple(list(column) for column in zip(*set(keys), strict=True))
        )
    return {(person, info_name, unit): number for person, info_name, unit, number in found if number is not None}


def replicas_after(connection: Connection, info_name: str, person: str, most: int) -> list[ReplicaChange]:
    """What stands of the persons after this one, by person and unit: about `most`, the last person's all."""
    page = (
        select(replicas)
        .where(replicas.c.info_name == info_name, ~replicas.c.deleted, replicas.c.person > person)
        .order_by(replicas.c.person)
    )
    rows = [ReplicaChange(*row) for row in connection.execute(page.limit(most))]
    if len(rows) == most:
        last = rows[-1].person
        whole = select(replicas).where(
            replicas.c.info_name == info_name, ~replicas.c.deleted, replicas.c.person == last
        )
        rows = [row for row in rows if row.person != last]
        rows += [ReplicaChange(*row) for row in connection.execute(whole)]
    return sorted(rows)


def persons_replicas(connection: Connection, person: str) -> list[ReplicaChange]:
    query = select(replicas).where(replicas.c.person == person, ~replicas.c.deleted)
    return sorted(ReplicaChange(*row) for row in connection.execute(query))


def announced_keys(connection: Connection, info_name: str) -> set[tuple[str, str]]:
    """(person, unit) of what was sent and is not decided."""
    pending = pending_replicas.c
    rows = connection.execute(select(pending.person, pending.unit).where(pending.info_name == info_name))
    return {(person, unit) for person, unit in rows}
