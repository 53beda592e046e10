"""Rows of an extract into links and numbers: one transaction a portion, judged by the rules that all stores share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, text, tuple_, update

from kakehashi.domain.link import Conflict, Note
from kakehashi.errors import StoreError
from kakehashi.ports.link_rules import Effect, Known, Person, Verdict, day_of, number_day_of
from kakehashi.ports.links import LinkRow
from kakehashi_adapters.sql_store.link_conflicts import contested, record_conflict
from kakehashi_adapters.sql_store.link_tables import (
    MISTAKEN,
    link_history,
    links,
    number_history,
    persons,
    released_numbers,
)
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.number_returns import tell_numbers
from kakehashi_adapters.sql_store.tables import meta

__all__ = [
    "DIGEST",
    "check_digest",
    "count_contradictions",
    "end_links",
    "end_number",
    "known_of",
    "link_values",
    "linked_of",
    "lock",
    "write_rows",
]

_LINKED = select(links.c.system, links.c.atena, links.c.unified).where(
    tuple_(links.c.system, links.c.atena).in_(bindparam("keys", expanding=True))
)
# SQLite reads the whole table for a list of pairs; CROSS JOIN tells it to begin with them.
_SQLITE_LINKED = (
    "SELECT l.system, l.atena, l.unified FROM json_each(?) AS k CROSS JOIN links AS l"
    " ON l.system = json_extract(k.value, '$[0]') AND l.atena = json_extract(k.value, '$[1]')"
)
_PERSONS = select(
    persons.c.unified, persons.c.blind, persons.c.since, persons.c.number.is_not(None).label("sealed")
).where(
    persons.c.unified.in_(bindparam("unified", expanding=True))
    | persons.c.blind.in_(bindparam("blind", expanding=True))
)
_FORMER = select(number_history.c.blind, number_history.c.unified).where(
    number_history.c.blind.in_(bindparam("blind", expanding=True)),
    number_history.c.until > MISTAKEN,
)
_RELEASED = select(released_numbers.c.unified).where(
    released_numbers.c.unified.in_(bindparam("unified", expanding=True))
)
_SEAL = (
    update(persons)
    .where(persons.c.unified == bindparam("of"))
    .values(
        key_id=bindparam("key_id"),
        number=bindparam("number"),
        since=bindparam("since"),
        recorded_at=bindparam("recorded_at"),
    )
)
DIGEST = "link_digest"
"""Under which key the blind indexes are, in `meta`; absent until it was replaced for the first time."""

_LONG_AGO = date.min.toordinal()


@dataclass(slots=True)
class _Writes:
    """What a portion adds, gathered into a statement each."""

    connection: Connection
    links: list[dict[str, object]] = field(default_factory=list)
    persons: list[dict[str, object]] = field(default_factory=list)
    sealed: list[dict[str, object]] = field(default_factory=list)

    def flush(self) -> None:
        for statement, rows in ((insert(links), self.links), (insert(persons), self.persons), (_SEAL, self.sealed)):
            if rows:
                self.connection.execute(statement, rows)
                rows.clear()


def lock(connection: Connection) -> None:
    """One writer of links at a time; readers go on. SQLite has taken its lock with BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE links, persons IN SHARE ROW EXCLUSIVE MODE"))


def check_digest(connection: Connection, blinds: Iterable[bytes | None]) -> None:
    """Raises StoreError (SEC-005). Under `lock`."""
    prefix = connection.execute(select(meta.c.value).where(meta.c.name == DIGEST)).scalar()
    if prefix is not None and any(blind is not None and not blind.startswith(prefix.encode()) for blind in blinds):
        raise StoreError("SEC-005")


def count_contradictions(connection: Connection, rows: list[LinkRow], *, now: datetime) -> int:
    known = known_of(connection, rows)
    return sum(known.judge(row, now=now).conflict is not None for row in rows)


def write_rows(connection: Connection, portion: list[tuple[int, LinkRow]], *, now: datetime) -> dict[int, Conflict]:
    """Under `lock`. Conflicts by position, recorded and frozen."""
    rows = [row for _, row in portion]
    check_digest(connection, (row.blind for row in rows))
    known = known_of(connection, rows)
    frozen = contested(connection, {row.unified for row in rows})
    conflicts: dict[int, Conflict] = {}
    writes = _Writes(connection)
    for position, row in portion:
        verdict = known.judge(row, now=now)
        if verdict.conflict is not None:
            conflicts[position] = verdict.conflict
            writes.flush()  # what is frozen must stand there
            frozen |= record_conflict(connection, verdict.conflict, verdict.known, row, now=now)
            continue
        if verdict.links:
            writes.links.append(link_values(row, now, frozen=row.unified in frozen))
        if verdict.effect is Effect.FIRST:
            writes.persons.append(_person_values(row, now))
        elif verdict.effect is Effect.SEAL:
            writes.sealed.append({"of": row.unified, **_person_values(row, now)})
        if verdict.revives or verdict.effect in (Effect.REDIGEST, Effect.CHANGE):
            writes.flush()
            _change(connection, row, verdict, now)
    writes.flush()
    tell_numbers(connection, [row for position, row in portion if position not in conflicts], now=now)
    return conflicts


def linked_of(connection: Connection, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """For whom these (system, 宛名番号) stand; frozen ones too."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_SQLITE_LINKED, (json.dumps(numbers),))
    else:
        found = connection.execute(_LINKED, {"keys": numbers})
    return {(system, atena): unified for system, atena, unified in found}


def known_of(connection: Connection, rows: list[LinkRow]) -> Known:
    blinds = [blind for row in rows if row.blind is not None for blind in (row.blind, *row.older)]
    unified = [row.unified for row in rows]
    found = connection.execute(_PERSONS, {"unified": unified, "blind": blinds}).all()
    former = connection.execute(_FORMER, {"blind": blinds}).all() if blinds else []
    return Known(
        links=linked_of(connection, [(row.system, row.atena) for row in rows]),
        persons={row.unified: Person(row.blind, date.fromordinal(row.since or _LONG_AGO), row.sealed) for row in found},
        owners={row.blind: row.unified for row in (*former, *found)},
        released=set(connection.execute(_RELEASED, {"unified": unified}).scalars()),
    )


def link_values(row: LinkRow, now: datetime, *, frozen: bool) -> dict[str, object]:
    return {
        "system": row.system,
        "atena": row.atena,
        "unified": row.unified,
        "linked_at": to_store(now),
        "since": day_of(row, now).toordinal(),
        "frozen": frozen,
    }


def _person_values(row: LinkRow, now: datetime) -> dict[str, object]:
    return {
        "unified": row.unified,
        "blind": row.blind,
        "key_id": None if row.number is None else row.number.key_id,
        "number": None if row.number is None else row.number.body,
        "since": number_day_of(row, now).toordinal(),
        "recorded_at": to_store(now),
    }


def _change(connection: Connection, row: LinkRow, verdict: Verdict, now: datetime) -> None:
    """What is rare, a statement each."""
    if verdict.revives:
        connection.execute(delete(released_numbers).where(released_numbers.c.unified == row.unified))
    person = persons.c.unified == row.unified
    match verdict.effect:
        case Effect.REDIGEST:
            connection.execute(update(persons).where(person).values(blind=row.blind))
        case Effect.CHANGE:
            end_number(connection, row.unified, number_day_of(row, now), cause="changed", note=None, now=now)
            connection.execute(insert(persons), [_person_values(row, now)])
        case _:
            pass


def end_number(
    connection: Connection, unified: str, until: date, *, cause: str, note: Note | None, now: datetime
) -> None:
    """The person's 個人番号 becomes history; an end before its beginning says that it never was theirs."""
    for row in connection.execute(select(persons).where(persons.c.unified == unified)).mappings().all():
        connection.execute(insert(number_history).values(**row, **_ended(until, cause, note, now)))
    connection.execute(delete(persons).where(persons.c.unified == unified))


def end_links(
    connection: Connection,
    ended: Iterable[tuple[str, str]],
    until: date,
    *,
    cause: str,
    note: Note | None,
    now: datetime,
) -> int:
    """These links become history. Returns how many there were."""
    count = 0
    for system, atena in ended:
        one = (links.c.system == system) & (links.c.atena == atena)
        row = connection.execute(select(links).where(one)).mappings().one_or_none()
        if row is None:
            continue
        held = {name: row[name] for name in ("system", "atena", "unified", "since")}
        values = {**held, "recorded_at": row["linked_at"], **_ended(until, cause, note, now)}
        connection.execute(insert(link_history).values(**values))
        connection.execute(delete(links).where(one))
        count += 1
    return count


def _ended(until: date, cause: str, note: Note | None, now: datetime) -> Mapping[str, object]:
    return {
        "until": until.toordinal(),
        "ended_at": to_store(now),
        "cause": cause,
        "actor": note.actor if note else None,
        "reason": note.reason if note else None,
    }
