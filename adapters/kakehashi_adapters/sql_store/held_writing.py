"""Rows of an extract before the day of enforcement: judged with what is active, 個人番号 and their links held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, text, tuple_, update

from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.errors import StoreError
from kakehashi.ports.link_rules import Effect, Known, Person, Verdict
from kakehashi.ports.links import LinkRow
from kakehashi_adapters.sql_store.held_tables import GOING_ON, STILL_HELD, enforcements, held_links, held_numbers
from kakehashi_adapters.sql_store.link_conflicts import contested, record_conflict
from kakehashi_adapters.sql_store.link_numbers import fresh_numbers, owners_of
from kakehashi_adapters.sql_store.link_tables import links, persons, released_numbers
from kakehashi_adapters.sql_store.link_writing import check_digest, end_links, known_of, link_values
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.number_returns import tell_numbers

__all__ = [
    "blind_of",
    "check_open",
    "count_held_contradictions",
    "end",
    "hold",
    "linked_held",
    "owners",
    "periods",
    "persons_links",
    "release",
    "reserve",
    "waiting_persons",
]

_HELD = text(STILL_HELD)
_LINKED = select(held_links.c.system, held_links.c.atena, held_links.c.unified).where(
    text(GOING_ON), tuple_(held_links.c.system, held_links.c.atena).in_(bindparam("keys", expanding=True))
)
_PERSONS = select(
    held_numbers.c.unified, held_numbers.c.blind, held_numbers.c.number.is_not(None).label("sealed")
).where(
    _HELD,
    held_numbers.c.unified.in_(bindparam("unified", expanding=True))
    | held_numbers.c.blind.in_(bindparam("blind", expanding=True)),
)
_OWNERS = select(held_numbers.c.blind, held_numbers.c.unified).where(
    held_numbers.c.active_at.is_(None), held_numbers.c.blind.in_(bindparam("blind", expanding=True))
)
_WAITING = select(held_numbers.c.unified, held_numbers.c.reserved).where(
    _HELD, held_numbers.c.unified.in_(bindparam("unified", expanding=True))
)


def owners(connection: Connection, blinds: Sequence[bytes]) -> dict[bytes, str]:
    """Who has or had a 個人番号, held or active."""
    held = {row.blind: row.unified for row in connection.execute(_OWNERS, {"blind": list(blinds)})}
    return held | owners_of(connection, blinds)


def linked_held(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    found = connection.execute(_LINKED, {"keys": list(keys)})
    return {(system, atena): unified for system, atena, unified in found}


def periods(connection: Connection, system: str, atena: str) -> list[Period]:
    """Of held links, in the order in which they were held."""
    query = select(held_links).where(held_links.c.system == system, held_links.c.atena == atena)
    found = []
    for row in connection.execute(query.order_by(held_links.c.id)):
        known, ended = from_store(row.recorded_at), from_store(row.ended_at)
        found.append(
            Period(
                unified=row.unified,
                since=known.date(),
                recorded_at=known,
                until=None if ended is None else ended.date(),
                ended_at=ended,
                cause=row.cause or "",
                note=None if row.actor is None else Note(row.actor, row.reason),
            )
        )
    return found


def blind_of(connection: Connection, unified: str) -> bytes | None:
    query = select(held_numbers.c.blind).where(_HELD, held_numbers.c.unified == unified)
    return connection.execute(query).scalar()


def persons_links(connection: Connection, unified: str) -> list[LinkRow]:
    query = select(held_links.c.system, held_links.c.atena).where(text(GOING_ON), held_links.c.unified == unified)
    rows = connection.execute(query.order_by(held_links.c.system, held_links.c.atena))
    return [LinkRow(system=system, atena=atena, unified=unified) for system, atena in rows]


def reserve(connection: Connection, blinds: Sequence[bytes], *, prefix: str, now: datetime) -> None:
    """A new number for each of these that nobody has. Under the lock of links."""
    check_open(connection)
    check_digest(connection, blinds)
    known = owners(connection, blinds)
    wanted = [blind for blind in dict.fromkeys(blinds) if blind not in known]
    if wanted:
        fresh = fresh_numbers(connection, len(wanted), prefix=prefix)
        rows = [
            {"unified": number, "blind": blind, "reserved": True, "recorded_at": to_store(now)}
            for number, blind in zip(fresh, wanted, strict=True)
        ]
        connection.execute(insert(held_numbers), rows)


def count_held_contradictions(connection: Connection, rows: list[LinkRow], *, now: datetime) -> int:
    known = _known(connection, rows, now)
    return sum(known.judge(row, now=now).conflict is not None for row in rows)


def hold(connection: Connection, portion: list[tuple[int, LinkRow]], *, now: datetime) -> dict[int, Conflict]:
    """Under the lock of links. Conflicts by position, recorded."""
    rows = [row for _, row in portion]
    check_open(connection)
    check_digest(connection, [row.blind for row in rows])
    known, persons = _known(connection, rows, now), {row.unified for row in rows}
    waiting, reserved = waiting_persons(connection, persons)
    writes = _Writes(connection, now, waiting, reserved, contested(connection, persons))
    conflicts: dict[int, Conflict] = {}
    for position, row in portion:
        verdict = known.judge(row, now=now)
        if verdict.conflict is None:
            writes.add(row, verdict)
        else:
            conflicts[position] = verdict.conflict
            writes.conflict(row, verdict.known, verdict.conflict)
    writes.flush()
    tell_numbers(connection, [row for position, row in portion if position not in conflicts], now=now)
    return conflicts


@dataclass(slots=True)
class _Writes:
    """What a portion adds, gathered into a statement each; what is rare, a statement each."""

    connection: Connection
    now: datetime
    waiting: set[str]
    reserved: set[str]
    frozen: set[str]
    active: list[dict[str, object]] = field(default_factory=list)
    held: list[dict[str, object]] = field(default_factory=list)
    numbers: list[dict[str, object]] = field(default_factory=list)
    sealed: list[dict[str, object]] = field(default_factory=list)

    def flush(self) -> None:
        for statement, rows in (
            (insert(links), self.active),
            (insert(held_links), self.held),
            (insert(held_numbers), self.numbers),
            (_SEAL, self.sealed),
        ):
            if rows:
                self.connection.execute(statement, rows)
                rows.clear()

    def add(self, row: LinkRow, verdict: Verdict) -> None:
        if verdict.links and self._waits(row):
            self.held.append(
                {"system": row.system, "atena": row.atena, "unified": row.unified, "recorded_at": to_store(self.now)}
            )
        elif verdict.links:
            self.active.append(link_values(row, self.now, frozen=row.unified in self.frozen))
        if verdict.revives:
            gone = released_numbers.c.unified == row.unified
            self.connection.execute(delete(released_numbers).where(gone))
        match verdict.effect:
            case Effect.NONE:
                pass
            case Effect.FIRST:
                self.numbers.append(self._number(row))
            case Effect.SEAL:
                self.sealed.append({"of": row.unified, **_sealed(row)})
            case Effect.REDIGEST:
                self.flush()
                self._redigest(row)
            case Effect.CHANGE:
                self.flush()
                theirs = held_numbers.c.unified == row.unified
                ended = update(held_numbers).where(_HELD, theirs).values(ended_at=to_store(self.now))
                self.connection.execute(ended)
                self.connection.execute(insert(held_numbers), [self._number(row)])

    def _waits(self, row: LinkRow) -> bool:
        """Whether a held number alone says that the link is this person's."""
        return row.unified in self.reserved or (row.by_number and row.unified in self.waiting)

    def _redigest(self, row: LinkRow) -> None:
        theirs = held_numbers.c.unified == row.unified
        done = self.connection.execute(update(held_numbers).where(_HELD, theirs).values(blind=row.blind))
        if not done.rowcount:
            person = update(persons).where(persons.c.unified == row.unified)
            self.connection.execute(person.values(blind=row.blind))

    def _number(self, row: LinkRow) -> dict[str, object]:
        return {
            "unified": row.unified,
            "blind": row.blind,
            "reserved": row.unified in self.reserved,
            "recorded_at": to_store(self.now),
            **_sealed(row),
        }

    def conflict(self, row: LinkRow, known: str, kind: Conflict) -> None:
        """One in which no number takes part, and no link that one alone has made, freezes at once."""
        self.flush()  # what is frozen must stand there
        waiting, reserved = waiting_persons(self.connection, {known, row.unified})
        held = (
            kind is Conflict.NUMBER
            or bool(reserved or (row.by_number and waiting))
            or bool(linked_held(self.connection, [(row.system, row.atena)]))
        )
        told = row if held else replace(row, blind=None, number=None, older=())
        self.frozen |= record_conflict(self.connection, kind, known, told, now=self.now, held=held)


_SEAL = (
    update(held_numbers)
    .where(_HELD, held_numbers.c.unified == bindparam("of"))
    .values(key_id=bindparam("key_id"), number=bindparam("number"))
)


def _sealed(row: LinkRow) -> dict[str, object]:
    return {
        "key_id": None if row.number is None else row.number.key_id,
        "number": None if row.number is None else row.number.body,
    }


def check_open(connection: Connection) -> None:
    """Raises StoreError (IDN-013) once an enforcement has begun: who still holds has read the clock too early."""
    if connection.execute(select(enforcements.c.id).limit(1)).first():
        raise StoreError("IDN-013")


def waiting_persons(connection: Connection, unified: Collection[str]) -> tuple[set[str], set[str]]:
    """Those of whom a number is held, and those of them whose 団体内統合宛名番号 is reserved for it."""
    found = connection.execute(_WAITING, {"unified": sorted(unified)}).all()
    return {row.unified for row in found}, {row.unified for row in found if row.reserved}


def _known(connection: Connection, rows: list[LinkRow], now: datetime) -> Known:
    """What is active, and over it what is held; held numbers hold from the day of enforcement."""
    known = known_of(connection, rows)
    blinds = [blind for row in rows if row.blind is not None for blind in (row.blind, *row.older)]
    held = connection.execute(_PERSONS, {"unified": [row.unified for row in rows], "blind": blinds}).all()
    day = max((row.earliest for row in rows if row.earliest), default=now.date())
    known.links |= linked_held(connection, {(row.system, row.atena) for row in rows})
    known.persons |= {row.unified: Person(row.blind, day, row.sealed) for row in held}
    former = connection.execute(_OWNERS, {"blind": blinds}).all() if blinds else []
    known.owners |= {row.blind: row.unified for row in (*former, *held)}
    return known


def end(connection: Connection, system: str, atena: str, *, note: Note, now: datetime) -> bool:
    check_open(connection)
    one = (held_links.c.system == system) & (held_links.c.atena == atena)
    values = {"ended_at": to_store(now), "cause": "ended", "actor": note.actor, "reason": note.reason}
    if connection.execute(update(held_links).where(one, text(GOING_ON)).values(**values)).rowcount:
        return True
    return connection.execute(select(held_links.c.id).where(one)).first() is not None


def release(connection: Connection, unified: str, *, since: date, note: Note, now: datetime) -> bool:
    """Under the lock of links."""
    check_open(connection)
    theirs = held_links.c.unified == unified
    values = {"ended_at": to_store(now), "cause": "released", "actor": note.actor, "reason": note.reason}
    ended = connection.execute(update(held_links).where(theirs, text(GOING_ON)).values(**values)).rowcount
    active = connection.execute(select(links.c.system, links.c.atena).where(links.c.unified == unified)).all()
    ended += end_links(connection, [(s, a) for s, a in active], since, cause="released", note=note, now=now)
    known = connection.execute(select(held_numbers.c.id).where(_HELD, held_numbers.c.unified == unified)).first()
    known = known or connection.execute(select(persons.c.unified).where(persons.c.unified == unified)).first()
    if not ended and known is None:
        return False
    connection.execute(delete(released_numbers).where(released_numbers.c.unified == unified))
    told = {"unified": unified, "released_at": to_store(now), "actor": note.actor, "reason": note.reason}
    connection.execute(insert(released_numbers).values(**told))
    return True
