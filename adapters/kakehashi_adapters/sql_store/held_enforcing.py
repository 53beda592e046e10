"""The day of enforcement: what is held becomes active, some persons at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, RowMapping, delete, func, insert, literal, select, text, tuple_, update

from kakehashi.domain.link import Conflict
from kakehashi.ports.held_numbers import Enforcement, HeldSummary
from kakehashi.ports.links import LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.held_tables import GOING_ON, STILL_HELD, enforcements, held_links, held_numbers
from kakehashi_adapters.sql_store.link_conflicts import HELD, record_conflict
from kakehashi_adapters.sql_store.link_tables import (
    link_conflicts,
    link_history,
    links,
    number_history,
    persons,
    released_numbers,
)
from kakehashi_adapters.sql_store.link_writing import end_number
from kakehashi_adapters.sql_store.moment import from_store, to_store

__all__ = ["forget_heard", "newest", "step", "summary", "unheard"]

_HELD = text(STILL_HELD)
_SEALED = held_numbers.c.number.is_not(None)
_UNDECIDED = link_conflicts.c.decision.is_(None) | (link_conflicts.c.decision == HELD)
_DRIFT = link_conflicts.c.kind == Conflict.DRIFT.value
_HELD_CONFLICT = link_conflicts.c.decision == HELD


def summary(connection: Connection) -> HeldSummary:
    numbers = select(func.count(), func.min(held_numbers.c.recorded_at)).where(_HELD, _SEALED)
    count, oldest = connection.execute(numbers).one()
    by_system = select(held_links.c.system, func.count()).where(text(GOING_ON)).group_by(held_links.c.system)
    held = {row[0]: row[1] for row in connection.execute(by_system.order_by(held_links.c.system))}
    conflicts = select(func.count()).select_from(link_conflicts).where(_HELD_CONFLICT)
    return HeldSummary(
        numbers=count, links=held, conflicts=connection.execute(conflicts).scalar_one(), oldest=from_store(oldest)
    )


def newest(connection: Connection) -> Enforcement | None:
    row = connection.execute(select(enforcements).order_by(enforcements.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    return Enforcement(
        day=date.fromordinal(row.day),
        held=row.held,
        active=row.active,
        contradicted=row.contradicted,
        begun_at=from_store(row.begun_at),
        ended_at=from_store(row.ended_at),
    )


def step(connection: Connection, day: date, *, most: int, now: datetime) -> Enforcement:
    """Under the lock of links."""
    found = newest(connection) or _begin(connection, day, now)
    if found.ended_at is None:
        query = select(held_numbers).where(_HELD).order_by(held_numbers.c.unified).limit(most)
        rows = connection.execute(query).mappings().all()
        if rows:
            move = _Move(connection, found.day, now, {row["unified"]: row for row in rows})
            move.all()
            told = {
                "active": enforcements.c.active + move.active,
                "contradicted": enforcements.c.contradicted + len(move.contradicted),
            }
        else:
            _open_conflicts(connection, found.day)
            told = {"ended_at": literal(to_store(now), BigInteger)}
        connection.execute(update(enforcements).where(enforcements.c.ended_at.is_(None)).values(**told))
        found = newest(connection) or found
    return found


def _begin(connection: Connection, day: date, now: datetime) -> Enforcement:
    held = connection.execute(select(func.count()).select_from(held_numbers).where(_HELD, _SEALED)).scalar_one()
    values = {"day": day.toordinal(), "held": held, "active": 0, "contradicted": 0, "begun_at": to_store(now)}
    connection.execute(insert(enforcements).values(**values))
    for side in (link_conflicts.c.known, link_conflicts.c.unified):
        sides = select(side).where(_HELD_CONFLICT, ~_DRIFT)
        connection.execute(update(links).where(links.c.unified.in_(sides)).values(frozen=True))
    return Enforcement(day=day, held=held, active=0, contradicted=0, begun_at=now, ended_at=None)


def _open_conflicts(connection: Connection, day: date) -> None:
    early = link_conflicts.c.since < day.toordinal()
    connection.execute(update(link_conflicts).where(_HELD_CONFLICT, early).values(since=day.toordinal()))
    connection.execute(update(link_conflicts).where(_HELD_CONFLICT).values(decision=None))


@dataclass(slots=True)
class _Move:
    """「施行」 Some persons (unified → the held number), all that belongs to them, in one transaction."""

    connection: Connection
    day: date
    now: datetime
    rows: dict[str, RowMapping]
    active: int = 0
    contradicted: set[str] = field(default_factory=set)

    def all(self) -> None:
        former = self._former()
        self._numbers(former)
        self._links()
        self._leave()

    def _of(self, column: Any) -> Any:
        return column.in_(list(self.rows))

    def _former(self) -> list[RowMapping]:
        """Numbers that were replaced while they were held."""
        query = select(held_numbers).where(self._of(held_numbers.c.unified), held_numbers.c.ended_at.is_not(None))
        return list(self.connection.execute(query.order_by(held_numbers.c.id)).mappings())

    def _numbers(self, former: Sequence[RowMapping]) -> None:
        blinds = [row["blind"] for row in self.rows.values()]
        query = select(persons.c.unified, persons.c.blind).where(
            self._of(persons.c.unified) | persons.c.blind.in_(blinds)
        )
        known = self.connection.execute(query).all()
        owners, theirs = {row.blind: row.unified for row in known}, {row.unified: row.blind for row in known}
        coming = []
        for unified, row in self.rows.items():
            owner = owners.get(row["blind"])
            if owner not in (None, unified):
                self._contradict(row, owner or "")
                continue
            self.active += row["number"] is not None
            if owner == unified:
                continue
            if unified in theirs:
                end_number(self.connection, unified, self.day, cause="changed", note=None, now=self.now)
            coming.append(self._number(row))
        if coming:
            self.connection.execute(insert(persons), coming)
        gone = [
            {**self._number(row), "until": self.day.toordinal(), "ended_at": row["ended_at"], "cause": "changed"}
            for row in former
        ]
        if gone:
            self.connection.execute(insert(number_history), gone)

    def _number(self, row: RowMapping) -> dict[str, object]:
        """It holds from the day on; it was recorded when it was received."""
        told = {name: row[name] for name in ("unified", "blind", "key_id", "number", "recorded_at")}
        return {**told, "since": self.day.toordinal()}

    def _contradict(self, row: RowMapping, known: str) -> None:
        """Somebody who held nothing has made the number active for another person."""
        self.contradicted.add(row["unified"])
        query = select(held_links.c.system, held_links.c.atena).where(held_links.c.unified == row["unified"])
        place = self.connection.execute(query.limit(1)).first()
        claim = LinkRow(
            system=place.system if place else "",
            atena=place.atena if place else "",
            unified=row["unified"],
            blind=row["blind"],
            number=None if row["number"] is None else Sealed(row["key_id"], row["number"]),
            since=self.day,
        )
        record_conflict(self.connection, Conflict.NUMBER, known, claim, now=self.now)

    def _links(self) -> None:
        query = select(held_links).where(self._of(held_links.c.unified)).order_by(held_links.c.id)
        rows = self.connection.execute(query).mappings().all()
        keys = [(row["system"], row["atena"]) for row in rows if row["ended_at"] is None]
        frozen, drifting, taken = self._frozen(), self._drifting(keys), self._taken(keys)
        day = self.day.toordinal()
        coming, gone = [], []
        for row in rows:
            told = {name: row[name] for name in ("system", "atena", "unified")}
            key = (row["system"], row["atena"])
            if row["ended_at"] is not None:
                ended = {name: row[name] for name in ("recorded_at", "ended_at", "cause", "actor", "reason")}
                gone.append({**told, **ended, "since": day, "until": day})
            elif key not in taken:
                cold = row["unified"] in frozen or key in drifting
                coming.append({**told, "linked_at": row["recorded_at"], "since": day, "frozen": cold})
            elif taken[key] != row["unified"]:
                claim = LinkRow(system=key[0], atena=key[1], unified=row["unified"], since=self.day)
                record_conflict(self.connection, Conflict.LINK, taken[key], claim, now=self.now)
        if coming:
            self.connection.execute(insert(links), coming)
        if gone:
            self.connection.execute(insert(link_history), gone)

    def _frozen(self) -> set[str]:
        """Sides of a contradiction that somebody must decide, now or as soon as all are active."""
        query = select(link_conflicts.c.known, link_conflicts.c.unified).where(
            _UNDECIDED, ~_DRIFT, self._of(link_conflicts.c.known) | self._of(link_conflicts.c.unified)
        )
        return {person for row in self.connection.execute(query) for person in row}

    def _drifting(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        there = tuple_(link_conflicts.c.system, link_conflicts.c.atena).in_(keys)
        query = select(link_conflicts.c.system, link_conflicts.c.atena).where(_HELD_CONFLICT, _DRIFT, there)
        return {(system, atena) for system, atena in self.connection.execute(query)}

    def _taken(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Links that are active for the same numbers: none, but where somebody who held nothing has made them."""
        query = select(links.c.system, links.c.atena, links.c.unified).where(
            tuple_(links.c.system, links.c.atena).in_(keys)
        )
        return {(system, atena): unified for system, atena, unified in self.connection.execute(query)}

    def _leave(self) -> None:
        """Nothing is held of these persons any more; who got a number stands there until what follows has begun."""
        query = select(released_numbers.c.unified).where(self._of(released_numbers.c.unified))
        silent = set(self.connection.execute(query).scalars()) | self.contradicted
        telling = [row["id"] for name, row in self.rows.items() if name not in silent and row["number"] is not None]
        self.connection.execute(delete(held_links).where(self._of(held_links.c.unified)))
        self.connection.execute(
            delete(held_numbers).where(self._of(held_numbers.c.unified), held_numbers.c.id.not_in(telling))
        )
        self.connection.execute(
            update(held_numbers)
            .where(held_numbers.c.id.in_(telling))
            .values(active_at=to_store(self.now), blind=b"", key_id=None, number=None)
        )


def unheard(connection: Connection, *, most: int) -> list[str]:
    query = select(held_numbers.c.unified).where(held_numbers.c.active_at.is_not(None))
    return list(connection.execute(query.order_by(held_numbers.c.id).limit(most)).scalars())


def forget_heard(connection: Connection, portion: Sequence[str]) -> None:
    told = held_numbers.c.unified.in_(portion)
    connection.execute(delete(held_numbers).where(told, held_numbers.c.active_at.is_not(None)))
