"""What the server knows about persons, beyond taking every 15-digit key."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable

__all__ = ["NO_SYMBOL", "STATES", "Persons"]

STATES = ("no-symbol", "unknown", "refusing", "stale", "partial", "slow", "expired", "by-url", "other", "parted")
"""no-symbol: 4007 until linked; unknown: 4003, or not-found in an inquiry; refusing: an inquiry is refused;
stale: 4009, a newer change than any that will come is held for this person. Of an inquiry: partial: what may be absent
is; slow: in process as long as this is said; expired: nobody answers; by-url: a URL in place of the result.
other: 4019, the symbol is that of somebody else than who is said to be the same person. parted: as no-symbol, since the
symbol was released or relinked; what stands of the person may be deleted all the same.
"""
NO_SYMBOL = ("no-symbol", "parted")
_ANY = "*"
"""Before the end of a key: every key that ends so."""


class Persons:
    """Exceptional person keys, kept in the account's database. Thread-safe.

    `no_symbol_ending`: a rule beside the list, every key that ends so has no symbol until it is linked.
    """

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, *, no_symbol_ending: str = "") -> None:
        self._connection = connection
        self._lock = lock
        self._ending = no_symbol_ending
        rows = connection.execute("SELECT key, state FROM persons")
        self._states: dict[str, str] = dict(rows)
        self._endings = _endings(self._states)

    def set(self, keys: Iterable[str], state: str) -> None:
        """`state` is one of STATES, or linked: an ordinary person with a symbol. A key `*7` is a rule for all that end
        so.
        """
        rows = [(key, state) for key in keys]
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO persons VALUES (?, ?)", rows)
        self._states.update(rows)
        self._endings = _endings(self._states)

    def state(self, key: str) -> str:
        found = self._states.get(key) or next(
            (self._states[f"{_ANY}{end}"] for end in self._endings if key.endswith(end)), None
        )
        if found is None and self._ending and key.endswith(self._ending):
            return "no-symbol"
        return found or "linked"

    def forget(self) -> None:
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM persons")
        self._states, self._endings = {}, ()


def _endings(states: Iterable[str]) -> tuple[str, ...]:
    return tuple(key.removeprefix(_ANY) for key in states if key.startswith(_ANY))
