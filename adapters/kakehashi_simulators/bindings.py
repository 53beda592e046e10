"""「符号の異動」 FGU-101 registers persons, FGU-141 makes two numbers one person's, FGU-151 parts symbol and number.

What was done is kept in the account: `registrations`, `relinks` (the last request about each former number) and
`releases`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kakehashi_simulators.account import Account, Refusal
from kakehashi_simulators.answer import Answer
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.message import NAMESPACE
from kakehashi_simulators.persons import NO_SYMBOL, Persons
from kakehashi_simulators.server import Case
from kakehashi_simulators.symbols import refused_records

__all__ = ["Bindings", "RegistrationDesk", "ReleaseDesk", "RelinkDesk"]

_LINKED, _PARTED = "linked", "parted"


class Bindings:
    """Which number has a symbol, and which is registered. Thread-safe."""

    def __init__(self, account: Account, persons: Persons, clock: SimulatedClock) -> None:
        self._account = account
        self._persons = persons
        self._clock = clock
        self._required = False
        self._seconds = 0.0

    def set(self, given: Mapping[str, object]) -> object:
        """POST /registration: `required`, whether a number is given to registered persons alone; `seconds`, how long a
        registration is in process. Raises ValueError.
        """
        required, seconds = given.get("required", self._required), given.get("seconds", self._seconds)
        if set(given) - {"required", "seconds"} or not (
            isinstance(required, bool) and isinstance(seconds, int | float)
        ):
            raise ValueError("required, true or false, and seconds, a number, are expected")
        self._required, self._seconds = required, float(seconds)
        return {}

    def lacks_registration(self, person: str) -> bool:
        """Whether nothing is done for the person before it is registered."""
        return self._required and not self._rows("SELECT 1 FROM registrations WHERE person = ?", person)

    def register(self, request_id: str, person: str, valid_from: str) -> tuple[str, float]:
        """Code (0000, 3001), and how many seconds it is in process yet."""
        now = self._clock.now()
        with self._account.transaction() as connection:
            row = connection.execute(
                "INSERT INTO registrations (person, valid_from, request_id, ready_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (person) DO UPDATE SET times = times + 1 RETURNING request_id, ready_at",
                (person, valid_from, request_id, now + self._seconds),
            ).fetchone()
        return "0000" if row[0] == request_id else "3001", max(row[1] - now, 0.0)

    def relink(self, request_id: str, former: str, person: str, operation: str, sequence: str) -> str:
        """The code: 0000 done, 3001 it is so already, 4007 no symbol there, 4009 a newer request counts, 4019."""
        if "other" in (self._persons.state(former), self._persons.state(person)):
            return "4019"
        known = self._rows("SELECT person, operation, sequence, had FROM relinks WHERE former = ?", former)
        was = known[0] if known else None
        if was is not None and sequence < was[2]:
            return "4009"
        if was is not None and was[:2] == (person, operation):
            with self._account.transaction() as connection:
                connection.execute("UPDATE relinks SET times = times + 1 WHERE former = ?", (former,))
            return "3001"
        if operation == "undo":
            if was is None or was[0] != person:
                return "4007"
            had = bool(was[3])
            self._persons.set([former], _LINKED)
            self._persons.set([person], _LINKED if had else _PARTED)
        else:
            if self._persons.state(former) in NO_SYMBOL:
                return "4007"
            had = self._persons.state(person) not in NO_SYMBOL
            self._persons.set([former], _PARTED)
            self._persons.set([person], _LINKED)
        with self._account.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO relinks (former, person, operation, sequence, request_id, had)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (former, person, operation, sequence, request_id, had),
            )
        return "0000"

    def release(self, request_id: str, person: str) -> str:
        """The code: 0000 done, 3001 this very request did it, 4007 neither a symbol nor an acquisition."""
        with self._account.transaction() as connection:
            again = connection.execute(
                "UPDATE releases SET times = times + 1 WHERE request_id = ? AND person = ?", (request_id, person)
            )
            if again.rowcount:
                return "3001"
            ended = connection.execute(
                "UPDATE processes SET state = 'ended' WHERE person = ? AND state = 'pending'", (person,)
            )
            if not ended.rowcount and self._persons.state(person) in NO_SYMBOL:
                return "4007"
            connection.execute("INSERT INTO releases (request_id, person) VALUES (?, ?)", (request_id, person))
            connection.execute("DELETE FROM registrations WHERE person = ?", (person,))
        self._persons.set([person], _PARTED)
        return "0000"

    def knows(self, request_id: str) -> bool:
        """Whether this request did something."""
        tables = ("registrations", "relinks", "releases")
        return any(self._rows(f"SELECT 1 FROM {table} WHERE request_id = ?", request_id) for table in tables)  # noqa: S608  # our own names

    def report(self) -> dict[str, list[dict[str, object]]]:
        """GET /bindings: what was registered, relinked, released, how often that was said."""
        columns = {
            "registrations": ("person", "valid_from", "times"),
            "relinks": ("former", "person", "operation", "times"),
            "releases": ("person", "times"),
        }
        found = {}
        for table, names in columns.items():
            rows = self._rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1")  # noqa: S608  # our own names
            found[table] = [dict(zip(names, row, strict=True)) for row in rows]
        return found

    def _rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with self._account.lock:
            return self._account.connection.execute(statement, values).fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDesk:
    """FGU-101. As long as one of the persons is in process, the message is."""

    persons: Persons
    bindings: Bindings

    def answer(self, case: Case) -> Answer:
        refused, left = refused_records(case), 0.0
        for number, record in _records(case).items():
            person = record["PersonKey"]
            if self.persons.state(person) == "unknown":
                refused.setdefault(number, Refusal(number, None, "4003"))
            if number not in refused:
                code, seconds = self.bindings.register(case.message.request_id, person, record["ValidFrom"])
                left = max(left, seconds)
                if code != "0000":
                    refused[number] = Refusal(number, None, code)
        if left:
            return Answer(segment=2, code="0001", retry_after=math.ceil(left))
        return _settled(case, refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelinkDesk:
    """FGU-141."""

    persons: Persons
    bindings: Bindings

    def answer(self, case: Case) -> Answer:
        refused = refused_records(case)
        for number, record in _records(case).items():
            keys = record["FormerKey"], record["PersonKey"]
            if keys[0] == keys[1]:
                refused.setdefault(number, Refusal(number, None, "4002"))
            if "unknown" in map(self.persons.state, keys):
                refused.setdefault(number, Refusal(number, None, "4003"))
            if number not in refused:
                said = case.message.request_id, *keys, record["Operation"], record["Sequence"]
                code = self.bindings.relink(*said)
                if code != "0000":
                    refused[number] = Refusal(number, None, code)
        return _settled(case, refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDesk:
    """FGU-151."""

    persons: Persons
    bindings: Bindings

    def answer(self, case: Case) -> Answer:
        refused = refused_records(case)
        for number, record in _records(case).items():
            if self.persons.state(record["PersonKey"]) == "unknown":
                refused.setdefault(number, Refusal(number, None, "4003"))
            if number not in refused:
                code = self.bindings.release(case.message.request_id, record["PersonKey"])
                if code != "0000":
                    refused[number] = Refusal(number, None, code)
        return _settled(case, refused)


def _records(case: Case) -> dict[int, dict[str, str]]:
    """Record number → its elements."""
    space = f"{{{NAMESPACE}}}"
    return {
        int(number): {str(element.tag).removeprefix(space): element.text or "" for element in person}
        for number, person in zip(case.message.numbers, case.message.root[1], strict=True)
    }


def _settled(case: Case, refused: Mapping[int, Refusal]) -> Answer:
    accepted = case.message.records - len(refused)
    return Answer(segment=1, code="0000", accepted=accepted, errors=sorted(refused.values()))
