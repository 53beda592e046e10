"""Inquiries that wait for our decision, and every step of each, as rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.provision import Inquiry, Provision, ProvisionState, Verdict, Voice
from kakehashi.ports.provisions import ProvisionEntry, ProvisionRow
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.provision_tables import DUE, provision_entries, provisions

__all__ = ["add", "due", "entries", "known", "move", "one", "some"]


def add(connection: Connection, *, inquiries: Sequence[Inquiry], now: datetime) -> int:
    values = [
        {**_values(Provision(inquiry=each, since=now)), "created_at": to_store(now), "turn": 0}
        for each in {each.provision_id: each for each in inquiries}.values()
    ]
    if not values:
        return 0
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(provisions)
    made = made.on_conflict_do_nothing(index_elements=["provision_id"])
    new = connection.execute(made.returning(provisions.c.id), values).scalars().all()
    listed = ProvisionEntry(at=now, what="listed", state=ProvisionState.PENDING)
    if new:
        connection.execute(insert(provision_entries), [_entry_values(number, listed) for number in new])
    return len(new)


def one(connection: Connection, provision_id: int) -> ProvisionRow | None:
    return next(iter(_rows(connection, select(provisions).where(provisions.c.id == provision_id))), None)


def known(connection: Connection, *, numbers: Sequence[str]) -> dict[str, ProvisionRow]:
    rows = _rows(connection, select(provisions).where(provisions.c.provision_id.in_(numbers)))
    return {row.what.inquiry.provision_id: row for row in rows}


def some(
    connection: Connection, *, states: Sequence[ProvisionState], person: str | None, most: int
) -> list[ProvisionRow]:
    query = select(provisions).order_by(provisions.c.deadline, provisions.c.id).limit(most)
    if states:
        query = query.where(provisions.c.state.in_([state.value for state in states]))
    if person is not None:
        query = query.where(provisions.c.person == person)
    return _rows(connection, query)


def due(connection: Connection, *, most: int, now: datetime) -> list[ProvisionRow]:
    query = select(provisions).where(text(DUE), provisions.c.due <= to_store(now))
    return _rows(connection, query.order_by(provisions.c.due, provisions.c.id).limit(most))


def move(connection: Connection, provision_id: int, *, turn: int, what: Provision, entry: ProvisionEntry) -> bool:
    its_turn = provisions.c.id == provision_id, provisions.c.turn == turn
    done = connection.execute(update(provisions).where(*its_turn).values(**_values(what), turn=turn + 1))
    if not done.rowcount:
        return False
    connection.execute(insert(provision_entries), [_entry_values(provision_id, entry)])
    return True


def entries(connection: Connection, provision_id: int) -> list[ProvisionEntry]:
    query = select(provision_entries).where(provision_entries.c.provision == provision_id)
    return [
        ProvisionEntry(
            at=from_store(row.at),
            what=row.what,
            state=ProvisionState(row.state),
            actor=row.actor,
            reason=row.reason,
            code=row.code,
            server_code=row.server_code,
            request_id=row.request_id,
        )
        for row in connection.execute(query.order_by(provision_entries.c.id))
    ]


def _entry_values(provision_id: int, entry: ProvisionEntry) -> dict[str, Any]:
    return {
        "provision": provision_id,
        "at": to_store(entry.at),
        "what": entry.what,
        "state": entry.state.value,
        "actor": entry.actor,
        "reason": entry.reason,
        "code": entry.code,
        "server_code": entry.server_code,
        "request_id": entry.request_id,
    }


def _values(what: Provision) -> dict[str, Any]:
    asked = what.inquiry
    return {
        "provision_id": asked.provision_id,
        "person": asked.person,
        "info_name": asked.info_name,
        "unit": asked.unit,
        "affair": asked.affair,
        "procedure": asked.procedure,
        "requester": asked.requester,
        "non_disclosure": asked.non_disclosure,
        "asked_at": to_store(asked.asked_at),
        "deadline": to_store(asked.deadline),
        "state": what.state.value,
        "since": to_store(what.since),
        "due": None if what.due is None else to_store(what.due),
        "generation": what.generation,
        "failures": what.failures,
        "voices": json.dumps([_voice_values(voice) for voice in what.voices], ensure_ascii=False),
        "code": what.code,
        "server_code": what.server_code,
    }


def _voice_values(voice: Voice) -> list[object]:
    return [voice.actor, voice.verdict.value, voice.reason, to_store(voice.at), voice.denial, voice.aware]


def _rows(connection: Connection, query: Select[Any]) -> list[ProvisionRow]:
    return [
        ProvisionRow(id=row.id, turn=row.turn, created_at=from_store(row.created_at), what=_what(row))
        for row in connection.execute(query)
    ]


def _what(row: Any) -> Provision:
    return Provision(
        inquiry=Inquiry(
            provision_id=row.provision_id,
            person=row.person,
            info_name=row.info_name,
            unit=row.unit,
            affair=row.affair,
            procedure=row.procedure,
            requester=row.requester,
            non_disclosure=row.non_disclosure,
            asked_at=from_store(row.asked_at),
            deadline=from_store(row.deadline),
        ),
        since=from_store(row.since),
        state=ProvisionState(row.state),
        due=from_store(row.due),
        generation=row.generation,
        failures=row.failures,
        voices=tuple(
            Voice(actor=actor, verdict=Verdict(verdict), reason=reason, at=from_store(at), denial=denial, aware=aware)
            for actor, verdict, reason, at, denial, aware in json.loads(row.voices)
        ),
        code=row.code,
        server_code=row.server_code,
    )
