"""Leases: who holds which messages, and when others may take them.

An owner is one consumer. Its lease is renewed while its process runs; it ends at once when the process is dead, and
after LEASE when the process stands still (stopped, or in a container that we cannot look into). The steady clock is
the machine's, the same in every process; a change of the time of day moves no lease.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable

from kakehashi.errors import BrokerError
from kakehashi_adapters.local_queue.database import Database
from kakehashi_adapters.local_queue.process import is_surely_dead, this_process

__all__ = ["DELIVERY_LIMIT", "LEASE_SECONDS", "Renewal", "give_back", "register", "release_abandoned"]

DELIVERY_LIMIT = 20
"""Times that a message may come back unacknowledged before it goes to the dead queue (a crash guard)."""

LEASE_SECONDS = 30.0
_STOP_SECONDS = 1.0


def register(connection: sqlite3.Connection) -> int:
    """A new owner's id. Inside a transaction."""
    cursor = connection.execute(
        "INSERT INTO owners (process, expires) VALUES (?, ?)", (this_process(), time.monotonic() + LEASE_SECONDS)
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def give_back(connection: sqlite3.Connection, owner: int) -> None:
    """All that the owner holds stands in its lanes again; what came back too often goes to the dead queue. The owner
    is no more. Inside a transaction.
    """
    connection.execute(
        """INSERT INTO dead (position, lane, code, id, headers, body)
           SELECT position, lane, 'BRK-007', id, headers, body FROM messages JOIN bodies USING (position)
           WHERE owner = ? AND returns >= ?""",
        (owner, DELIVERY_LIMIT),
    )
    connection.execute(
        "DELETE FROM bodies WHERE position IN (SELECT position FROM messages WHERE owner = ? AND returns >= ?)",
        (owner, DELIVERY_LIMIT),
    )
    connection.execute("DELETE FROM messages WHERE owner = ? AND returns >= ?", (owner, DELIVERY_LIMIT))
    connection.execute("UPDATE messages SET owner = NULL, returns = returns + 1 WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM owners WHERE id = ?", (owner,))


def release_abandoned(database: Database) -> bool:
    """Give back what dead or silent owners hold; whether there were any."""
    with database.reading() as connection:
        owners = connection.execute("SELECT id, process, expires FROM owners").fetchall()
    gone = [(owner, process) for owner, process, expires in owners if _is_gone(process, expires)]
    for owner, process in gone:
        with database.transaction() as connection:  # looked at again: it may have renewed its lease meanwhile
            row = connection.execute("SELECT expires FROM owners WHERE id = ?", (owner,)).fetchone()
            if row is not None and _is_gone(process, row[0]):
                give_back(connection, owner)
    return bool(gone)


def _is_gone(process: str, expires: float) -> bool:
    return expires < time.monotonic() or is_surely_dead(process)


class Renewal:
    """A thread that renews the leases of this process's consumers."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect
        self._owners: set[int] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, owner: int) -> None:
        with self._lock:
            self._owners.add(owner)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kakehashi-lease", daemon=True)
                self._thread.start()

    def remove(self, owner: int) -> None:
        with self._lock:
            self._owners.discard(owner)

    def stop(self) -> None:
        """Its thread may wait for the database's lock: then it ends later, and with the process."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        database: Database | None = None
        while not self._stopping.wait(LEASE_SECONDS / 3):
            with contextlib.suppress(BrokerError):  # full disk or lock: two more tries before the lease ends
                database = database or self._connect()
                self._renew(database)
        if database is not None:
            database.close()

    def _renew(self, database: Database) -> None:
        with self._lock:
            owners = sorted(self._owners)
        if owners:
            with database.transaction() as connection:
                expires = time.monotonic() + LEASE_SECONDS
                connection.executemany("UPDATE owners SET expires = ? WHERE id = ?", [(expires, o) for o in owners])
