"""「情報提供等記録」 What was exchanged about a person (TKM-501), and which of it the person is not shown (TKM-503)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

from kakehashi_simulators.account import Account, Past
from kakehashi_simulators.answer import Answer, moment, new_id
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.inquiries import state_of
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case

__all__ = ["Exchange", "ExchangeRecords", "RecordListDesk", "WithholdingDesk", "note_exchange"]

_PAGE = 500
_KEPT_SECONDS = 7 * 366 * 24 * 3600.0
_JAPAN = timezone(timedelta(hours=9))
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_REASONS = frozenset({"01", "02", "03", "09"})
_OTHER_BODY, _AFFAIR, _PROCEDURE, _INFO = (
    "9999000000000055",
    "JM99000000000009",
    "JT99000000000009",
    "TM99000000000001",
)


class Exchange(NamedTuple):
    """One record. `reference`: the request id of the inquiry, the id of the provision, or nothing."""

    id: str
    person: str
    at: float
    kind: str
    counterpart: str
    affair: str
    procedure: str
    info: str
    outcome: str
    reference: str | None


def note_exchange(connection: sqlite3.Connection, exchange: Exchange) -> None:
    """Within the transaction of what is exchanged."""
    connection.execute("INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", exchange)


class ExchangeRecords:
    """Provisions as they were noted, inquiries as their requests stand. Thread-safe."""

    def __init__(self, account: Account, persons: Persons, receipts: Receipts, clock: SimulatedClock) -> None:
        self._account = account
        self._persons = persons
        self._receipts = receipts
        self._clock = clock

    def add(self, given: Mapping[str, object]) -> object:
        """POST /exchanges: `persons`; `kind`, `counterpart`, `affair`, `procedure`, `info`, `outcome`, `days_ago`,
        `count`: so many of each person. Raises ValueError. By person: the ids.
        """
        persons, days_ago, count = given.get("persons"), given.get("days_ago", 0), given.get("count", 1)
        if not (isinstance(persons, list) and isinstance(days_ago, int | float) and isinstance(count, int)):
            raise ValueError("a list of persons is expected; days_ago and count are numbers")  # noqa: TRY004  # a wrong request, no wrong program
        usual = {
            "kind": "automatic",
            "counterpart": _OTHER_BODY,
            "affair": _AFFAIR,
            "procedure": _PROCEDURE,
            "info": _INFO,
            "outcome": "found",
        }
        told = {name: str(given.get(name, value)) for name, value in usual.items()}
        at, made = self._clock.now() - days_ago * 24 * 3600.0, []
        with self._account.transaction() as connection:
            for person in [str(each) for each in persons for _ in range(count)]:
                made.append(new_id())
                note_exchange(connection, Exchange(id=made[-1], person=person, at=at, reference=None, **told))
        return made

    def report(self) -> list[dict[str, object]]:
        """GET /exchanges: which records are not shown to their person, by code, and how often that was applied."""
        with self._account.lock:
            rows = self._account.connection.execute("SELECT record, code, times FROM withheld ORDER BY record")
            return [dict(zip(("record", "code", "times"), row, strict=True)) for row in rows]

    def of_person(self, person: str) -> Iterator[Exchange]:
        """All that are kept, in no order."""
        oldest = self._clock.now() - _KEPT_SECONDS
        with self._account.lock:
            noted = self._account.connection.execute(
                "SELECT * FROM exchanges WHERE person = ? AND at >= ?", (person, oldest)
            ).fetchall()
            asked = self._account.connection.execute(
                "SELECT r.request_id, q.value FROM requests r, json_each(CAST(r.payload AS TEXT)) q"
                " WHERE r.message_id = 'SKI-301' AND json_extract(q.value, '$[1]') = ?",
                (person,),
            ).fetchall()
        yield from (Exchange(*row) for row in noted)
        for request_id, question in asked:
            past = self._account.past(request_id=request_id)
            if past is not None and past.taken_at >= oldest:
                yield self._inquiry(past, json.loads(question))

    def _inquiry(self, past: Past, question: list[str]) -> Exchange:
        """What was asked by us, with what has become of it by now."""
        number, person, info, affair, procedure, provider = question
        if int(number) in self._account.cancelled(past.id):
            outcome = "cancelled"
        else:
            outcome = "in-process" if self._receipts.seconds_left(past) else state_of(self._persons, person)
        digest = hashlib.sha256(f"{past.request_id} {number}".encode()).hexdigest()[:32].translate(_LETTERS)
        told = (provider, affair, procedure, info, outcome, past.request_id)
        return Exchange(digest, person, past.taken_at, "inquiry", *told)

    def page(self, person: str, first: str, last: str, after: str) -> list[tuple[Exchange, str | None]]:
        """With why each is not shown to the person; one more than a page holds where there are more."""
        begin, end = _midnight(first), _midnight(last) + 24 * 3600.0
        found = sorted(each for each in self.of_person(person) if begin <= each.at < end and each.id > after)
        with self._account.lock:
            withheld = dict(self._account.connection.execute("SELECT record, code FROM withheld").fetchall())
        return [(each, withheld.get(each.id)) for each in found[: _PAGE + 1]]

    def withhold(self, request_id: str, person: str, record: str, code: str | None) -> str:
        """The code of the answer: 0000 done, 3001 it is so already or the request is known, 4017 no such record."""
        said = f"{person} {record} {code}"
        there = any(each.id == record for each in self.of_person(person))
        with self._account.transaction() as connection:
            known = connection.execute("SELECT code FROM withholdings WHERE request_id = ?", (request_id,)).fetchone()
            if known is not None:
                return "3001" if known[0] == said else "4001"
            if not there:
                return "4017"
            if code is not None and code not in _REASONS:
                return "4002"
            connection.execute("INSERT INTO withholdings VALUES (?, ?)", (request_id, said))
            standing = connection.execute("SELECT code FROM withheld WHERE record = ?", (record,)).fetchone()
            if (standing[0] if standing else None) == code:
                return "3001"
            connection.execute(
                "INSERT INTO withheld VALUES (?1, ?2, ?3, 1) ON CONFLICT (record) DO UPDATE"
                " SET code = ?2, request_id = ?3, times = times + 1",
                (record, code, request_id),
            )
        return "0000"

    def knows(self, request_id: str) -> bool:
        """Whether something was taken from this request."""
        with self._account.lock:
            row = self._account.connection.execute(
                "SELECT 1 FROM withholdings WHERE request_id = ?", (request_id,)
            ).fetchone()
        return row is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordListDesk:
    """TKM-501."""

    records: ExchangeRecords

    def answer(self, case: Case) -> Answer:
        (person,), (first,), (last,) = (case.message.texts(f"k:{name}") for name in ("PersonKey", "From", "To"))
        if first > last:
            return Answer.refused("4002")
        rows = self.records.page(person, first, last, "".join(case.message.texts("k:AfterId")))
        listed = "".join(_element(*row) for row in rows[:_PAGE])
        more = int(len(rows) > _PAGE)
        return Answer(segment=1, code="0000", extra=f'<Records more="{more}">{listed}</Records>')


@dataclass(frozen=True, slots=True, kw_only=True)
class WithholdingDesk:
    """TKM-503."""

    persons: Persons
    records: ExchangeRecords

    def answer(self, case: Case) -> Answer:
        message = case.message
        (person,), (record,), codes = (message.texts(f"k:{name}") for name in ("PersonKey", "RecordId", "Withhold"))
        if self.persons.state(person) == "unknown":
            return Answer.refused("4003")
        code = self.records.withhold(message.request_id, person, record, codes[0] if codes else None)
        return Answer(segment=1, code=code) if code in ("0000", "3001") else Answer.refused(code)


def _midnight(day: str) -> float:
    given = date.fromisoformat(day)
    return datetime(given.year, given.month, given.day, tzinfo=_JAPAN).timestamp()


def _element(row: Exchange, withheld: str | None) -> str:
    values = {
        "RecordId": row.id,
        "PersonKey": row.person,
        "At": moment(row.at),
        "Kind": row.kind,
        "Counterpart": row.counterpart,
        "AffairCode": row.affair,
        "ProcedureCode": row.procedure,
        "InfoName": row.info,
        "Outcome": row.outcome,
        "Reference": row.reference,
        "Withheld": withheld,
    }
    told = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
    return f"<Record>{told}</Record>"
