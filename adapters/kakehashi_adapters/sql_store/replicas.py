"""Replica state by key. Hot path: one round trip for a whole batch, in the database's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from kakehashi.ports.store import ReplicaChange

__all__ = ["add_replicas", "newest_replicas"]

_COLUMNS: Final = "person, info_name, unit, sequence, digest, deleted"
_UNLESS_OLDER: Final = (
    " ON CONFLICT (person, info_name, unit) DO UPDATE"
    " SET sequence = excluded.sequence, digest = excluded.digest, deleted = excluded.deleted"
    " WHERE excluded.sequence > replicas.sequence"
)
_SQLITE_ADD: Final = f"INSERT INTO replicas ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) {_UNLESS_OLDER}"  # noqa: S608  # constants
_POSTGRESQL_ADD: Final = (
    f"INSERT INTO replicas ({_COLUMNS}) SELECT * FROM unnest("  # noqa: S608  # constants
    f"%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bytea[], %s::boolean[]) {_UNLESS_OLDER}"
)
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


def add_replicas(connection: Connection, changes: Sequence[ReplicaChange]) -> None:
    """Keep the newest sequence of each key."""
    newest: dict[Key, ReplicaChange] = {}
    for change in changes:
        key = (change.person, change.info_name, change.unit)
        if key not in newest or newest[key].sequence < change.sequence:
            newest[key] = change
    if not newest:
        return
    # In the order of the keys: two settling batches can then wait for each other's rows, but never in a circle.
    rows = [(*key, newest[key].sequence, newest[key].digest, newest[key].deleted) for key in sorted(newest)]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_SQLITE_ADD, rows)
    else:
        connection.exec_driver_sql(_POSTGRESQL_ADD, tuple(list(column) for column in zip(*rows, strict=True)))


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
