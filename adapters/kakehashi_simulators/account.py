"""The account: everything that the server took, in its own SQLite file, durable before it answers."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kakehashi_simulators import groups

__all__ = ["Account", "Change", "Past", "Refusal", "Request"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, request_id TEXT UNIQUE, message_id TEXT, digest BLOB, records INTEGER, accepted INTEGER,
    receipt TEXT UNIQUE, taken_at REAL, times INTEGER DEFAULT 1, payload BLOB);
CREATE TABLE IF NOT EXISTS effects (
    person TEXT, info TEXT, unit TEXT, sequence TEXT, operation TEXT, request INTEGER, times INTEGER DEFAULT 1,
    PRIMARY KEY (person, info, unit, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusals (request INTEGER, record INTEGER, item TEXT, code TEXT);
CREATE INDEX IF NOT EXISTS refusals_by_request ON refusals (request);
CREATE TABLE IF NOT EXISTS conflicts (request_id TEXT, message_id TEXT);
CREATE TABLE IF NOT EXISTS repeats (request INTEGER, person TEXT, info TEXT, unit TEXT, sequence TEXT);
CREATE TABLE IF NOT EXISTS processes (
    number TEXT PRIMARY KEY, person TEXT, state TEXT, expires_at REAL, request_id TEXT, record INTEGER);
CREATE INDEX IF NOT EXISTS processes_by_person ON processes (person);
CREATE TABLE IF NOT EXISTS cancels (request INTEGER, record INTEGER, PRIMARY KEY (request, record)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locks (key TEXT PRIMARY KEY, operation TEXT, sequence TEXT, times INTEGER);
CREATE TABLE IF NOT EXISTS blocked (
    person TEXT, info TEXT, unit TEXT, sequence TEXT, undisclosed INTEGER,
    PRIMARY KEY (person, info, unit, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS provisions (
    id TEXT PRIMARY KEY, person TEXT, info TEXT, unit TEXT, affair TEXT, procedure TEXT, requester TEXT,
    undisclosed INTEGER, asked_at REAL, deadline REAL, state TEXT, denial TEXT, request_id TEXT,
    times INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY, person TEXT, at REAL, kind TEXT, counterpart TEXT, affair TEXT, procedure TEXT, info TEXT,
    outcome TEXT, reference TEXT);
CREATE INDEX IF NOT EXISTS exchanges_by_person ON exchanges (person);
CREATE TABLE IF NOT EXISTS withheld (
    record TEXT PRIMARY KEY, code TEXT, request_id TEXT, times INTEGER);
CREATE TABLE IF NOT EXISTS withholdings (request_id TEXT PRIMARY KEY, code TEXT);
CREATE TABLE IF NOT EXISTS registrations (
    person TEXT PRIMARY KEY, valid_from TEXT, request_id TEXT, ready_at REAL, times INTEGER DEFAULT 1);
CREATE TABLE IF NOT EXISTS relinks (
    former TEXT PRIMARY KEY, person TEXT, operation TEXT, sequence TEXT, request_id TEXT, had INTEGER,
    times INTEGER DEFAULT 1);
CREATE TABLE IF NOT EXISTS releases (request_id TEXT, person TEXT, times INTEGER DEFAULT 1,
    PRIMARY KEY (request_id, person)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS persons (key TEXT PRIMARY KEY, state TEXT);
"""
_TABLES = (
    "requests",
    "effects",
    "refusals",
    "conflicts",
    "repeats",
    "processes",
    "cancels",
    "locks",
    "blocked",
    "provisions",
    "exchanges",
    "withheld",
    "withholdings",
    *groups.TABLES,
    "registrations",
    "relinks",
    "releases",
)
_PLACES = 200


class Change(NamedTuple):
    """One record of a message that passed every check but the sequence."""

    record: int
    person: str
    info: str
    unit: str
    sequence: str
    operation: str
    group: str = ""


class Refusal(NamedTuple):
    record: int
    item: str | None
    code: str


class Request(NamedTuple):
    """A message to be taken. `payload` is what a later result is made from."""

    request_id: str
    message_id: str
    digest: bytes
    records: int
    receipt: str
    payload: bytes = b""


class Past(NamedTuple):
    """A message that was taken."""

    id: int
    request_id: str
    message_id: str
    digest: bytes
    accepted: int
    receipt: str
    taken_at: float
    payload: bytes


class Account:
    """Thread-safe; one transaction, and one commit to the disk, for each message."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(folder / "account.sqlite", check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(_SCHEMA + groups.SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def past(self, *, request_id: str = "", receipt: str = "") -> Past | None:
        column, value = ("request_id", request_id) if request_id else ("receipt", receipt)
        columns = ", ".join(Past._fields)
        with self.lock:
            row = self.connection.execute(f"SELECT {columns} FROM requests WHERE {column} = ?", (value,)).fetchone()  # noqa: S608  # our own names
        return None if row is None else Past(*row)

    def repeated(self, past: Past, *, conflict: bool) -> None:
        """A message with a known request id arrived: with other content, it is a conflict."""
        with self.transaction() as connection:
            if conflict:
                connection.execute("INSERT INTO conflicts VALUES (?, ?)", (past.request_id, past.message_id))
            else:
                connection.execute("UPDATE requests SET times = times + 1 WHERE id = ?", (past.id,))

    def take(
        self,
        request: Request,
        changes: Sequence[Change],
        refusals: Sequence[Refusal],
        blocked: Mapping[Change, bool] | None = None,
        *,
        parts_groups: bool = False,
    ) -> bool:
        """Record the request and its refusals, apply `changes`, refuse those that are stale (4009). `blocked`: those of
        the changes from which nobody is answered without a decision (自動応答不可), and whether they are 不開示. Of a
        group with a stale one none is applied (4018), unless `parts_groups`.

        False, and nothing done, when the request id is known.
        """
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO requests (request_id, message_id, digest, records, receipt, payload, taken_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*request, time.time()),
            )
            if not cursor.rowcount:
                return False
            number = cursor.lastrowid or 0
            late: dict[int, str] = {}
            if not _apply_all(connection, number, changes):
                late = _apply_by_sequence(connection, number, changes, parts_groups=parts_groups)
            refused = [*refusals, *(Refusal(record, None, code) for record, code in late.items())]
            applied = [(change.group, *change[1:6]) for change in changes if change.record not in late]
            groups.note(connection, number, applied)
            connection.executemany("INSERT INTO refusals VALUES (?, ?, ?, ?)", [(number, *row) for row in refused])
            accepted = request.records - len(refused)
            connection.execute("UPDATE requests SET accepted = ? WHERE id = ?", (accepted, number))
            rows = [(*change[1:5], undisclosed) for change, undisclosed in (blocked or {}).items()]
            connection.executemany("INSERT OR IGNORE INTO blocked VALUES (?, ?, ?, ?, ?)", rows)
        return True

    def take_again(self, past: Past, changes: Sequence[Change]) -> None:
        """What a receiver without memory of requests does: the same effects once more."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE effects SET times = times + 1 WHERE person = ? AND info = ? AND unit = ? AND sequence = ?",
                [change[1:5] for change in changes],
            )
            connection.execute("UPDATE requests SET times = times + 1 WHERE id = ?", (past.id,))

    def refusals(self, request: int) -> list[Refusal]:
        with self.lock:
            rows = self.connection.execute(
                "SELECT record, item, code FROM refusals WHERE request = ? ORDER BY record", (request,)
            ).fetchall()
        return [Refusal(*row) for row in rows]

    def cancel(self, request: int, records: Sequence[int]) -> None:
        """Inquiries of a request that nobody answers any more; from now on they say so."""
        with self.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO cancels VALUES (?, ?)", [(request, each) for each in records])

    def cancelled(self, request: int) -> set[int]:
        with self.lock:
            rows = self.connection.execute("SELECT record FROM cancels WHERE request = ?", (request,)).fetchall()
        return {record for (record,) in rows}

    def inventory(self, info: str, after: str, most: int) -> list[tuple[str, str, str]]:
        """(person, unit, sequence) of what stands of the persons after this one; the last person's all."""
        # +info: were SQLite to know that there is but one, it would sort all that is behind for every page
        standing = (
            "SELECT person, unit, max(sequence) FROM effects WHERE +info = ? AND person {} ?"
            " GROUP BY person, info, unit HAVING operation <> 'delete' ORDER BY person, info, unit"
        )
        with self.lock:
            rows = self.connection.execute(f"{standing.format('>')} LIMIT ?", (info, after, most)).fetchall()
            if len(rows) == most:
                last = rows[-1][0]
                rows = [row for row in rows if row[0] != last]
                rows += self.connection.execute(standing.format("="), (info, last)).fetchall()
        return rows

    def forget(self) -> None:
        with self.transaction() as connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608  # our own names

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def _apply_all(connection: sqlite3.Connection, request: int, changes: Sequence[Change]) -> bool:
    """Whether every change is newer than everything before, as is the rule: then they are applied, else none is."""
    connection.execute("SAVEPOINT bulk")
    try:
        # A stale change gets no sequence, which the key does not allow. INSERT … SELECT would take twice as long.
        connection.executemany(
            "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?1, ?2, ?3, iif((SELECT 1"
            " FROM effects WHERE person = ?1 AND info = ?2 AND unit = ?3 AND sequence >= ?4), NULL, ?4), ?5, ?6)",
            [(*change[1:6], request) for change in changes],
        )
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK TO bulk")
        return False
    finally:
        connection.execute("RELEASE bulk")
    return True


def _apply_by_sequence(
    connection: sqlite3.Connection, request: int, changes: Sequence[Change], *, parts_groups: bool
) -> dict[int, str]:
    """Later wins per (person, information, unit): apply what is newer than all before; the codes of the others."""
    newest = _newest(connection, changes)
    out: dict[int, str] = {}
    versions = {} if parts_groups else {change.record: change.group for change in changes if change.group}
    while True:  # without a group that is left out, others may be newest
        stale = _stale([change for change in changes if out.get(change.record) != "4018"], dict(newest))
        fellows = groups.fellows_of(stale, versions)
        if set(fellows) <= out.keys():
            break
        out |= dict.fromkeys(fellows, "4018")
    out |= dict.fromkeys(stale, "4009")
    connection.executemany(
        "INSERT INTO repeats SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM effects"
        " WHERE person = ?2 AND info = ?3 AND unit = ?4 AND sequence = ?5)",
        [(request, *change[1:5]) for change in changes if out.get(change.record) == "4009"],
    )
    connection.executemany(
        "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?, ?, ?, ?, ?, ?)",
        [(*change[1:6], request) for change in changes if change.record not in out],
    )
    return out


def _stale(changes: Sequence[Change], newest: dict[tuple[str, ...], str]) -> list[int]:
    late = []
    for change in changes:
        key = change[1:4]
        if change.sequence > newest.get(key, ""):
            newest[key] = change.sequence
        else:
            late.append(change.record)
    return late


def _newest(connection: sqlite3.Connection, changes: Sequence[Change]) -> dict[tuple[str, ...], str]:
    keys = list({change[1:4] for change in changes})
    found: dict[tuple[str, ...], str] = {}
    for start in range(0, len(keys), _PLACES):
        part = keys[start : start + _PLACES]
        rows = connection.execute(
            "WITH k AS MATERIALIZED (SELECT value ->> 0 AS person, value ->> 1 AS info, value ->> 2 AS unit"
            " FROM json_each(?)) SELECT person, info, unit, (SELECT max(sequence) FROM effects e WHERE"
            " e.person = k.person AND e.info = k.info AND e.unit = k.unit) AS newest FROM k WHERE newest IS NOT NULL",
            (json.dumps(part),),
        )
        found.update(((person, info, unit), sequence) for person, info, unit, sequence in rows)
    return found
