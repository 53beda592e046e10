"""「世帯」 The records of a group are registered together or not at all; and whether anybody ever saw a part of one.

A group's version is what stands in its records. It is mixed when some of its records stand while another one that was
registered with them has been replaced, or taken out by a group. What is deleted for itself (a withdrawal) mixes none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SCHEMA", "TABLES", "fellows_of", "mixed", "note"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS grouped (
    version TEXT, person TEXT, info TEXT, unit TEXT, sequence TEXT, operation TEXT,
    PRIMARY KEY (version, person, info, unit, sequence)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grouped_by_key ON grouped (person, info, unit);
CREATE TABLE IF NOT EXISTS mixed (version TEXT PRIMARY KEY, request INTEGER) WITHOUT ROWID;
"""
TABLES = ("grouped", "mixed")

_TOUCHED = """
SELECT DISTINCT g.version FROM json_each(?) AS k JOIN grouped g
    ON g.person = k.value ->> 0 AND g.info = k.value ->> 1 AND g.unit = k.value ->> 2
"""
_STATES = """
WITH member AS (SELECT DISTINCT person, info, unit FROM grouped WHERE version = :version AND operation <> 'delete'),
newest AS (
    SELECT m.person, m.info, m.unit, e.sequence, e.operation,
        (SELECT version FROM grouped g WHERE g.person = m.person AND g.info = m.info AND g.unit = m.unit
            AND g.sequence = e.sequence) AS version
    FROM member m JOIN effects e ON e.person = m.person AND e.info = m.info AND e.unit = m.unit
    WHERE e.sequence = (SELECT max(sequence) FROM effects x
        WHERE x.person = m.person AND x.info = m.info AND x.unit = m.unit))
SELECT sum(version IS :version AND operation <> 'delete') AS standing,
    sum(NOT (version IS :version AND operation <> 'delete') AND NOT (version IS NULL AND operation = 'delete')) AS gone
FROM newest
"""


def fellows_of(refused: Iterable[int], groups: Mapping[int, str]) -> list[int]:
    """The records that are not taken because one of their group is not. `groups`: record → version, if it has one."""
    out = set(refused)
    versions = {groups[record] for record in out if groups.get(record)}
    return [record for record, version in groups.items() if version in versions and record not in out]


def note(connection: sqlite3.Connection, request: int, changes: Sequence[tuple[str, ...]]) -> None:
    """Changes (version, person, information, unit, sequence, operation) have been applied, all at once: write down of
    each group that they touch whether it is mixed now.
    """
    with_group = [change for change in changes if change[0]]
    connection.executemany("INSERT OR IGNORE INTO grouped VALUES (?, ?, ?, ?, ?, ?)", with_group)
    if not with_group and connection.execute("SELECT 1 FROM grouped LIMIT 1").fetchone() is None:
        return
    keys = json.dumps([change[1:4] for change in changes])
    for (version,) in connection.execute(_TOUCHED, (keys,)).fetchall():
        standing, gone = connection.execute(_STATES, {"version": version}).fetchone()
        if standing and gone:
            connection.execute("INSERT OR IGNORE INTO mixed VALUES (?, ?)", (version, request))


def mixed(connection: sqlite3.Connection) -> dict[str, object]:
    """How many groups there were, and those of which somebody could see a part, with the request that made it so."""
    (versions,) = connection.execute("SELECT count(DISTINCT version) FROM grouped").fetchone()
    rows = connection.execute("SELECT version, request FROM mixed ORDER BY version").fetchall()
    return {"groups": versions, "mixed": [{"group": version, "request": request} for version, request in rows]}
