"""「副本差異」 What the server has lost, or has although nobody sent it: reconciliation must find exactly that."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from kakehashi_simulators.account import Account

__all__ = ["lose", "plant", "with_replica"]


def with_replica(account: Account, persons: Sequence[str], info: str, *, most: int = 1_000_000) -> list[str]:
    """Of `persons`, keys or endings (`*7`), those of whom something of `info` stands, by key."""
    found: set[str] = set()
    with account.lock:
        for person in persons:
            rows = account.connection.execute(
                "SELECT DISTINCT person FROM effects WHERE info = ? AND person LIKE ? ORDER BY person LIMIT ?",
                (info, person.replace("*", "%", 1), most),
            )
            found.update(key for (key,) in rows)
    return sorted(found)[:most]


def lose(account: Account, persons: Sequence[str], info: str, unit: str) -> int:
    """Replicas disappear, with everything that was known of them; `unit` empty: every unit. Returns changes lost."""
    with account.transaction() as connection:
        return sum(_lost(connection, person, info, unit) for person in persons)


def plant(account: Account, persons: Sequence[str], info: str, unit: str, sequence: str) -> None:
    """Replicas that stand there though no request brought them."""
    with account.transaction() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO effects (person, info, unit, sequence, operation, request)"
            " VALUES (?, ?, ?, ?, 'register', 0)",
            [(person, info, unit, sequence) for person in persons if not person.startswith("*")],
        )


def _lost(connection: sqlite3.Connection, person: str, info: str, unit: str) -> int:
    cursor = connection.execute(
        "DELETE FROM effects WHERE person LIKE ?1 AND info = ?2 AND (?3 = '' OR unit = ?3)",
        (person.replace("*", "%", 1), info, unit),
    )
    return cursor.rowcount
