"""「提供ロック」 DBM-209 locks and unlocks; what is locked stays registered, may be changed, and is not provided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kakehashi_simulators.account import Account
from kakehashi_simulators.answer import Answer
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.server import Case

__all__ = ["LockDesk", "Locks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """By key, a person or an information: the newest request about it. Thread-safe."""

    account: Account

    def take(self, key: str, operation: str, sequence: str) -> str:
        """The code of the answer: 0000 done, 3001 it is so already, 4009 a newer request says otherwise."""
        with self.account.transaction() as connection:
            row = connection.execute("SELECT operation, sequence FROM locks WHERE key = ?", (key,)).fetchone()
            known, newest = row or ("unlock", "")
            if sequence < newest and operation != known:
                return "4009"
            connection.execute(
                "INSERT INTO locks VALUES (?1, ?2, ?3, 1) ON CONFLICT (key) DO UPDATE"
                " SET operation = ?2, sequence = ?3, times = times + 1",
                (key, operation, max(sequence, newest)),
            )
        return "3001" if operation == known else "0000"

    def standing(self) -> list[dict[str, object]]:
        """The account of locks: what was asked last about each key, and how many requests there were."""
        with self.account.lock:
            rows = self.account.connection.execute("SELECT key, operation, sequence, times FROM locks ORDER BY key")
            return [dict(zip(("key", "operation", "sequence", "times"), row, strict=True)) for row in rows]

    def provided(self, given: Mapping[str, object]) -> object:
        """What another body would get of `person` and `info`: locked, or the units that stand."""
        person, info = str(given.get("person", "")), str(given.get("info", ""))
        with self.account.lock:
            locked = self.account.connection.execute(
                "SELECT 1 FROM locks WHERE key IN (?, ?) AND operation = 'lock'", (person, info)
            ).fetchone()
            rows = self.account.connection.execute(
                "SELECT unit, max(sequence) FROM effects WHERE person = ? AND info = ? GROUP BY unit"
                " HAVING operation <> 'delete' ORDER BY unit",
                (person, info),
            ).fetchall()
        return {"locked": locked is not None, "units": [] if locked else [unit for unit, _ in rows]}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDesk:
    persons: Persons
    locks: Locks

    def answer(self, case: Case) -> Answer:
        if case.violations:
            return Answer.refused("4001")
        message = case.message
        (operation,), (sequence,) = message.texts("k:Operation"), message.texts("k:Sequence")
        (key,) = message.texts("k:PersonKey") or message.texts("k:InfoName")
        if self.persons.state(key) == "unknown":
            return Answer.refused("4003")
        code = self.locks.take(key, operation, sequence)
        return Answer.refused(code) if code == "4009" else Answer(segment=1, code=code)
