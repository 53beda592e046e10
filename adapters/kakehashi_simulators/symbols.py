"""「符号管理」 FGU-111 gives process numbers, FGU-131 tells link states; the registry's news come by the admin port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kakehashi_simulators.account import Account, Refusal
from kakehashi_simulators.answer import Answer, moment, new_id
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.message import NAMESPACE, individual_number_positions
from kakehashi_simulators.persons import NO_SYMBOL, Persons
from kakehashi_simulators.server import Case

__all__ = ["LinkDesk", "ProcessNumberDesk", "Processes", "refused_records"]


class Processes:
    """「処理通番」 One living number a person. Thread-safe."""

    def __init__(self, account: Account, persons: Persons, clock: SimulatedClock, *, seconds: float) -> None:
        self._account = account
        self._clock = clock
        self._persons = persons
        self._seconds = seconds

    def set(self, given: Mapping[str, object]) -> object:
        """POST /processes: `seconds`, how long numbers live that are given from now on. Raises ValueError."""
        seconds = given.get("seconds")
        if set(given) != {"seconds"} or not isinstance(seconds, int | float):
            raise ValueError("seconds, a number, is expected")
        self._seconds = float(seconds)
        return {}

    def number(self, request_id: str, record: int, person: str) -> tuple[str, float]:
        """(number, when it expires): the same for a repeated request, and for a person whose number still lives."""
        now = self._clock.now()
        with self._account.transaction() as connection:
            row: tuple[str, float] | None = connection.execute(
                "SELECT number, expires_at FROM processes WHERE person = ? AND ("
                "(request_id = ? AND record = ?) OR (state = 'pending' AND expires_at > ?))",
                (person, request_id, record, now),
            ).fetchone()
            if row is None:
                row = new_id(), now + self._seconds
                values = (row[0], person, "pending", row[1], request_id, record)
                connection.execute("INSERT INTO processes VALUES (?, ?, ?, ?, ?, ?)", values)
        return row

    def state(self, number: str, person: str) -> str | None:
        """pending, linked or failed; None for a number that was never given to this person."""
        with self._account.lock:
            row = self._account.connection.execute(
                "SELECT state, expires_at FROM processes WHERE number = ? AND person = ?", (number, person)
            ).fetchone()
        if row is None:
            return None
        dead = row[0] == "ended" or (row[0] == "pending" and row[1] < self._clock.now())
        return "failed" if dead else str(row[0])

    def knows(self, request_id: str) -> bool:
        """Whether numbers were given to this request."""
        with self._account.lock:
            row = self._account.connection.execute(
                "SELECT 1 FROM processes WHERE request_id = ? LIMIT 1", (request_id,)
            ).fetchone()
        return row is not None

    def settle(self, number: str, state: str) -> bool:
        """The registry's news: linked or failed. False for an unknown number, and for one that has ended."""
        with self._account.transaction() as connection:
            row = connection.execute(
                "UPDATE processes SET state = ? WHERE number = ? AND state <> 'ended' RETURNING person", (state, number)
            ).fetchone()
        if row is not None and state == "linked":
            self._persons.set([row[0]], "linked")
        return row is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessNumberDesk:
    """`lacks_registration`: of a person for whom nothing is done before it is registered (FGU-101)."""

    persons: Persons
    processes: Processes
    lacks_registration: Callable[[str], bool] = lambda _: False

    def answer(self, case: Case) -> Answer:
        refused = refused_records(case)
        given = []
        for number, (person, _) in _persons(case).items():
            if self.persons.state(person) == "unknown" or self.lacks_registration(person):
                refused.setdefault(number, Refusal(number, None, "4003"))
            if number not in refused:
                value, expires_at = self.processes.number(case.message.request_id, number, person)
                times = f"<ProcessNumber>{value}</ProcessNumber><ExpiresAt>{moment(expires_at)}</ExpiresAt>"
                given.append(f'<Number no="{number}">{times}</Number>')
        extra = f"<Numbers>{''.join(given)}</Numbers>"
        errors = sorted(refused.values())
        return Answer(segment=1, code="0000", accepted=len(given), errors=errors, extra=extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDesk:
    persons: Persons
    processes: Processes

    def answer(self, case: Case) -> Answer:
        refused = refused_records(case)
        links = []
        for number, (person, process_number) in _persons(case).items():
            state = self._state(person, process_number)
            if state is None:
                refused.setdefault(number, Refusal(number, None, "9404"))
            elif not process_number and self.persons.state(person) == "unknown":
                refused.setdefault(number, Refusal(number, None, "4003"))
            if number not in refused:
                links.append(f'<Link no="{number}"><Status>{state}</Status></Link>')
        extra = f"<Links>{''.join(links)}</Links>"
        errors = sorted(refused.values())
        return Answer(segment=1, code="0000", accepted=len(links), errors=errors, extra=extra)

    def _state(self, person: str, process_number: str) -> str | None:
        if process_number:
            return self.processes.state(process_number, person)
        return "pending" if self.persons.state(person) in NO_SYMBOL else "linked"


def _persons(case: Case) -> dict[int, tuple[str, str]]:
    """Record number → (person key, process number or nothing)."""
    return {
        int(number): (
            person.findtext(f"{{{NAMESPACE}}}PersonKey", ""),
            person.findtext(f"{{{NAMESPACE}}}ProcessNumber", ""),
        )
        for number, person in zip(case.message.numbers, case.message.root[1], strict=True)
    }


def refused_records(case: Case) -> dict[int, Refusal]:
    """By record number: what breaks the schema, or holds a 個人番号."""
    numbers = [int(number) for number in case.message.numbers]
    found: dict[int, Refusal] = {}
    for violation in case.violations:
        number = numbers[violation.position or 0]
        found[number] = Refusal(number, violation.item, violation.code)
    for position in individual_number_positions(case.message):
        found[numbers[position]] = Refusal(numbers[position], None, "4005")
    return found
