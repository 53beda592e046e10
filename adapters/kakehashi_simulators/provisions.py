"""「情報提供」 Other bodies inquire: answered from a replica, or waiting (TKY-401) for what we say (TKY-403)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kakehashi_simulators.account import Account
from kakehashi_simulators.answer import Answer, moment, new_id
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.differences import with_replica
from kakehashi_simulators.exchange_records import Exchange, note_exchange
from kakehashi_simulators.server import Case

__all__ = ["ProvisionListDesk", "ProvisionReplyDesk", "Provisions"]

_PAGE = 500
_MOST = 1000
_REQUESTER, _AFFAIR, _PROCEDURE = "9999000000000055", "JM99000000000009", "JT99000000000009"
_DEADLINE_SECONDS = 7 * 24 * 3600.0
_COLUMNS = "id, person, info, unit, affair, procedure, requester, undisclosed, asked_at, deadline"
_NEWEST = (
    "SELECT e.unit, (SELECT undisclosed FROM blocked b WHERE b.person = e.person AND b.info = e.info AND"
    " b.unit = e.unit AND b.sequence = e.sequence) FROM effects e WHERE e.person = ? AND e.info = ? AND e.sequence ="
    " (SELECT max(sequence) FROM effects n WHERE n.person = e.person AND n.info = e.info AND n.unit = e.unit)"
    " AND e.operation <> 'delete' ORDER BY e.unit DESC LIMIT 1"
)


class Waiting(NamedTuple):
    """An inquiry that the server does not answer by itself."""

    id: str
    person: str
    info: str
    unit: str
    affair: str
    procedure: str
    requester: str
    undisclosed: int
    asked_at: float
    deadline: float


class Provisions:
    """What became of inquiries, kept in the account's database. Thread-safe."""

    def __init__(self, account: Account, clock: SimulatedClock) -> None:
        self._account = account
        self._clock = clock

    def inquire(self, given: Mapping[str, object]) -> object:
        """POST /inquire: `persons`, `info`; `affair`, `procedure`, `requester`, `within_seconds`. Raises ValueError. A
        person `*7` stands for those with a replica that end so, at most `most`.

        By person: `answered` from the replica, `pending` with its id where that is blocked, or `not-found`.
        """
        persons, info = given.get("persons"), given.get("info")
        within = given.get("within_seconds", _DEADLINE_SECONDS)
        if not (isinstance(persons, list) and isinstance(info, str) and isinstance(within, int | float)):
            raise ValueError("a list of persons, and info, are expected; within_seconds is a number")  # noqa: TRY004  # a wrong request, no wrong program
        parties = [
            str(given.get(name, usual))
            for name, usual in (("affair", _AFFAIR), ("procedure", _PROCEDURE), ("requester", _REQUESTER))
        ]
        keys = [key for person in persons for key in self._meant(str(person), info, given.get("most", _MOST))]
        with self._account.transaction() as connection:
            return [self._inquired(connection, key, info, parties, within) for key in keys]

    def _meant(self, person: str, info: str, most: object) -> list[str]:
        """The key itself, or the keys that end so."""
        if not person.startswith("*"):
            return [person]
        return with_replica(self._account, [person], info, most=int(str(most)))

    def _inquired(
        self, connection: sqlite3.Connection, person: str, info: str, parties: list[str], within: float
    ) -> dict[str, str]:
        row = connection.execute(_NEWEST, (person, info)).fetchone()
        now, number = self._clock.now(), new_id()
        unit, undisclosed = row or ("", None)
        if undisclosed is None:
            affair, procedure, requester = parties
            outcome = "found" if row else "not-found"
            told = Exchange(number, person, now, "automatic", requester, affair, procedure, info, outcome, None)
            note_exchange(connection, told)
            return {"person": person, "state": "answered" if row else "not-found"}
        connection.execute(
            f"INSERT INTO provisions ({_COLUMNS}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",  # noqa: S608  # our own names
            (number, person, info, unit, *parties, undisclosed, now, now + within),
        )
        return {"person": person, "state": "pending", "provision": number}

    def withdraw(self, given: Mapping[str, object]) -> object:
        """POST /withdraw: `provisions`, a list of ids of which who asked thinks better. Raises ValueError."""
        numbers = given.get("provisions")
        if not isinstance(numbers, list):
            raise ValueError("provisions, a list, is expected")  # noqa: TRY004  # a wrong request, no wrong program
        with self._account.transaction() as connection:
            connection.executemany(
                "UPDATE provisions SET state = 'withdrawn' WHERE id = ? AND state = 'pending'",
                [(str(number),) for number in numbers],
            )
        return {}

    def report(self) -> list[dict[str, object]]:
        """GET /provisions: all, with what became of each, by which request, and how often that was said."""
        with self._account.lock:
            cursor = self._account.connection.execute(
                "SELECT p.id, p.person, p.info, p.state, p.denial, p.request_id, p.deadline, p.times FROM provisions p"
                " ORDER BY p.rowid"
            )
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        now = self._clock.now()
        for row in rows:
            if row["state"] == "pending" and row["deadline"] <= now:
                row["state"] = "expired"
        return rows

    def page(self, after: str) -> list[Waiting]:
        """Those that wait, one more than a page holds where there are more."""
        with self._account.lock:
            rows = self._account.connection.execute(
                f"SELECT {_COLUMNS} FROM provisions WHERE state = 'pending' AND deadline > ? AND id > ? ORDER BY id"  # noqa: S608  # our own names
                " LIMIT ?",
                (self._clock.now(), after, _PAGE + 1),
            ).fetchall()
        return [Waiting(*row) for row in rows]

    def reply(self, request_id: str, number: str, denial: str | None) -> str:
        """The code of the answer: decided once; the same decision again is taken as such, another is refused."""
        state = "permitted" if denial is None else "denied"
        with self._account.transaction() as connection:
            row = connection.execute(
                "SELECT state, denial, request_id, deadline FROM provisions WHERE id = ?", (number,)
            ).fetchone()
            if row is None or row[0] == "withdrawn":
                return "4016"
            if row[0] != "pending":
                if (row[0], row[1]) != (state, denial):
                    return "4014"
                connection.execute("UPDATE provisions SET times = times + 1 WHERE id = ?", (number,))
                return "3001"
            if row[3] <= self._clock.now():
                return "4015"
            connection.execute(
                "UPDATE provisions SET state = ?, denial = ?, request_id = ?, times = 1 WHERE id = ?",
                (state, denial, request_id, number),
            )
            person, requester, affair, procedure, info = connection.execute(
                "SELECT person, requester, affair, procedure, info FROM provisions WHERE id = ?", (number,)
            ).fetchone()
            outcome, now = "found" if denial is None else "refused", self._clock.now()
            told = Exchange(new_id(), person, now, "decided", requester, affair, procedure, info, outcome, number)
            note_exchange(connection, told)
        return "0000"

    def knows(self, request_id: str) -> bool:
        """Whether a decision was taken from this request."""
        with self._account.lock:
            row = self._account.connection.execute(
                "SELECT 1 FROM provisions WHERE request_id = ? LIMIT 1", (request_id,)
            ).fetchone()
        return row is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionListDesk:
    """TKY-401."""

    provisions: Provisions

    def answer(self, case: Case) -> Answer:
        rows = self.provisions.page("".join(case.message.texts("k:AfterId")))
        listed = "".join(map(_element, rows[:_PAGE]))
        more = int(len(rows) > _PAGE)
        return Answer(segment=1, code="0000", extra=f'<Provisions more="{more}">{listed}</Provisions>')


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionReplyDesk:
    """TKY-403."""

    provisions: Provisions

    def answer(self, case: Case) -> Answer:
        message = case.message
        denials = message.texts("k:Deny")
        code = self.provisions.reply(
            message.request_id, message.texts("k:ProvisionId")[0], denials[0] if denials else None
        )
        return Answer(segment=1, code=code) if code in ("0000", "3001") else Answer.refused(code)


def _element(row: Waiting) -> str:
    values = {
        "ProvisionId": row.id,
        "PersonKey": row.person,
        "InfoName": row.info,
        "Unit": row.unit,
        "AffairCode": row.affair,
        "ProcedureCode": row.procedure,
        "Requester": row.requester,
        "NonDisclosure": str(row.undisclosed),
        "AskedAt": moment(row.asked_at),
        "Deadline": moment(row.deadline),
    }
    return f"<Provision>{''.join(f'<{name}>{value}</{name}>' for name, value in values.items())}</Provision>"
