"""The LinkStore on SQLAlchemy Core: links by (system, 宛名番号), persons with blind index and sealed number."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, TypeVar

from sqlalchemy import Connection, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.ports.link_rules import day_of
from kakehashi.ports.links import ConflictRow, Coverage, LinkRow, SealedNumber
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store import link_numbers, link_reading
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.grouping import write_groups
from kakehashi_adapters.sql_store.held import SqlHeldNumbers
from kakehashi_adapters.sql_store.link_conflicts import close_conflict, conflict_rows, record_conflict, thaw
from kakehashi_adapters.sql_store.link_tables import (
    MISTAKEN,
    link_looks,
    links,
    number_history,
    persons,
    released_numbers,
    unlinked,
)
from kakehashi_adapters.sql_store.link_writing import (
    DIGEST,
    check_digest,
    count_contradictions,
    end_links,
    end_number,
    lock,
    write_rows,
)
from kakehashi_adapters.sql_store.lives import SqlLives
from kakehashi_adapters.sql_store.matches import SqlMatches
from kakehashi_adapters.sql_store.merging import SqlMerges
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.notices import SqlNotices
from kakehashi_adapters.sql_store.number_returns import SqlNumberReturns
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.tables import meta

__all__ = ["SqlLinkStore"]

T = TypeVar("T")

_SQLITE_RESOLVE: Final = (
    "SELECT l.atena, l.unified FROM json_each(?) AS k CROSS JOIN links AS l ON l.system = ? AND l.atena = k.value "
    "WHERE NOT l.frozen"
)
_POSTGRESQL_RESOLVE: Final = (
    "SELECT atena, unified FROM links WHERE atena = ANY(%s::text[]) AND system = %s AND NOT frozen"
)


class SqlLinkStore(SqlMatches, SqlMerges, SqlHeldNumbers, SqlLives, SqlNumberReturns, SqlNotices):
    """The links in a SQLite file or a PostgreSQL database; the ledger's own or another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        return self._database.read(lambda c: _resolve(c, system, atena)) if atena else {}

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        frozen: set[str] = set()
        for portion in portions(atena):
            query = select(links.c.atena).where(links.c.system == system, links.c.atena.in_(portion), links.c.frozen)
            frozen |= set(self._database.read(lambda c, query=query: c.execute(query).scalars().all()))  # type: ignore[misc]  # bound now
        return frozen

    def contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        return sum(
            self._database.read(lambda c, portion=portion: count_contradictions(c, portion, now=now))  # type: ignore[misc]  # bound now
            for portion in portions(rows)
        )

    def assign(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        known = self.owners([blind for each in blinds for blind in each])
        missing = [each[0] for each in blinds if not any(blind in known for blind in each)]
        for portion in portions(missing):
            self._write(lambda c, portion=portion: _issue(c, portion, prefix=prefix, now=now))  # type: ignore[misc]  # bound now
        if missing:
            known = self.owners([blind for each in blinds for blind in each])
        return [next(known[blind] for blind in each if blind in known) for each in blinds]

    def owners(self, blinds: Sequence[bytes]) -> dict[bytes, str]:
        found: dict[bytes, str] = {}
        for portion in portions(blinds):
            found |= self._database.read(lambda c, portion=portion: link_numbers.owners_of(c, portion))  # type: ignore[misc]  # bound now
        return found

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        conflicts: dict[int, Conflict] = {}
        for portion in portions(enumerate(rows)):
            conflicts |= self._write(lambda c, portion=portion: write_rows(c, portion, now=now))  # type: ignore[misc]  # bound now
        return conflicts

    def group(self, groups: Sequence[Sequence[LinkRow]], *, prefix: str, now: datetime) -> list[str]:
        numbers: list[str] = []
        for portion in portions(groups):
            numbers += self._write(lambda c, portion=portion: write_groups(c, portion, prefix=prefix, now=now))  # type: ignore[misc]  # bound now
        return numbers

    def end(self, system: str, atena: str, *, since: date, note: Note, now: datetime) -> bool:
        ended = [(system, atena)]
        return bool(self._write(lambda c: end_links(c, ended, since, cause="ended", note=note, now=now)))

    def release(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        return self._write(lambda c: _release(c, unified, since, note, now))

    def met_unlinked(self, system: str, atena: Iterable[str], *, now: datetime) -> None:
        for portion in portions(sorted(set(atena))):
            self._database.write(lambda c, portion=portion: _met(c, system, portion, to_store(now)))  # type: ignore[misc]  # bound now

    def met_linked(self, names: Iterable[tuple[str, str]]) -> None:
        for portion in portions(names):
            query = delete(unlinked).where(tuple_(unlinked.c.system, unlinked.c.atena).in_(portion))
            self._database.write(lambda c, query=query: c.execute(query))  # type: ignore[misc]  # bound now

    def freeze(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        return self._write(lambda c: _freeze(c, system, atena, evidence, now))

    def links(self, system: str) -> Iterator[LinkRow]:
        after = ""
        while page := self._database.read(lambda c, after=after: link_reading.page(c, system, after)):  # type: ignore[misc]  # bound now
            yield from page
            after = page[-1].atena

    def persons_links(self, unified: str) -> list[LinkRow]:
        return self._database.read(lambda c: link_reading.persons_links(c, unified))

    def periods(self, system: str, atena: str) -> list[Period]:
        return self._database.read(lambda c: link_reading.link_periods(c, system, atena))

    def number_periods(self, unified: str) -> list[Period]:
        return self._database.read(lambda c: link_reading.number_periods(c, unified))

    def coverage(self) -> list[Coverage]:
        return self._database.read(link_reading.coverage)

    def unlinked(self, system: str) -> Iterator[str]:
        after = ""
        while page := self._database.read(lambda c, after=after: link_reading.unlinked_page(c, system, after)):  # type: ignore[misc]  # bound now
            yield from page
            after = page[-1]

    def looked(self, system: str, atena: str, *, note: Note, now: datetime) -> None:
        values = {"at": to_store(now), "actor": note.actor, "reason": note.reason, "system": system, "atena": atena}
        self._database.write(lambda c: c.execute(insert(link_looks).values(**values)))

    def looks(self, system: str, atena: str) -> list[tuple[datetime, Note]]:
        return self._database.read(lambda c: link_reading.looks(c, system, atena))

    def conflicts(self, *, undecided: bool = True, most: int = 1000) -> list[ConflictRow]:
        return self._database.read(lambda c: conflict_rows(c, undecided=undecided, most=most))

    def decide(self, conflict_id: int, *, take: bool, note: Note, now: datetime) -> bool:
        return self._write(lambda c: _decide(c, conflict_id, take=take, note=note, now=now))

    def sealed_number(self, unified: str) -> Sealed | None:
        query = select(persons.c.key_id, persons.c.number).where(persons.c.unified == unified)
        row = self._database.read(lambda c: c.execute(query).first())
        return None if row is None or row.number is None else Sealed(row.key_id, row.number)

    def reseal(
        self, renew: Callable[[SealedNumber], tuple[Sealed, bytes]], *, current: str, prefix: bytes, most: int
    ) -> int:
        return self._write(lambda c: _reseal(c, renew, current=current, prefix=prefix, most=most))

    def close(self) -> None:
        self._database.close()

    def _write(self, work: Callable[[Connection], T]) -> T:
        def locked(connection: Connection) -> T:
            lock(connection)
            return work(connection)

        return self._database.write(locked)


def _resolve(connection: Connection, system: str, atena: Sequence[str]) -> Mapping[str, str]:
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_SQLITE_RESOLVE, (json.dumps(list(atena)), system))
    else:
        found = connection.exec_driver_sql(_POSTGRESQL_RESOLVE, (list(atena), system))
    return {atena: unified for atena, unified in found}  # noqa: C416  # rows, which dict() would not type


def _issue(connection: Connection, blinds: Sequence[bytes], *, prefix: str, now: datetime) -> None:
    check_digest(connection, blinds)
    link_numbers.issue(connection, blinds, prefix=prefix, now=now)


def _reseal(
    connection: Connection,
    renew: Callable[[SealedNumber], tuple[Sealed, bytes]],
    *,
    current: str,
    prefix: bytes,
    most: int,
) -> int:
    named = {"name": DIGEST, "value": prefix.decode()}
    if not connection.execute(update(meta).where(meta.c.name == DIGEST).values(**named)).rowcount:
        connection.execute(insert(meta).values(**named))
    return link_numbers.reseal(connection, renew, current=current, prefix=prefix, most=most)


def _met(connection: Connection, system: str, atena: Sequence[str], now: int) -> None:
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(unlinked)
    key = [unlinked.c.system, unlinked.c.atena]
    statement = made.on_conflict_do_update(index_elements=key, set_={"last_at": made.excluded.last_at})
    connection.execute(
        statement, [{"system": system, "atena": each, "first_at": now, "last_at": now} for each in atena]
    )


def _freeze(connection: Connection, system: str, atena: str, evidence: bytes, now: datetime) -> bool:
    query = select(links.c.unified).where(links.c.system == system, links.c.atena == atena)
    unified = connection.execute(query).scalar()
    if unified is None:
        return False
    row = LinkRow(system=system, atena=atena, unified=unified, blind=evidence)
    record_conflict(connection, Conflict.DRIFT, unified, row, now=now)
    return True


def _release(connection: Connection, unified: str, since: date, note: Note, now: datetime) -> bool:
    theirs = connection.execute(select(links.c.system, links.c.atena).where(links.c.unified == unified)).all()
    person = connection.execute(select(persons.c.unified).where(persons.c.unified == unified)).first()
    if not theirs and person is None:
        return False
    ended = [(system, atena) for system, atena in theirs]
    end_links(connection, ended, since, cause="released", note=note, now=now)
    connection.execute(delete(released_numbers).where(released_numbers.c.unified == unified))
    values = {"unified": unified, "released_at": to_store(now), "actor": note.actor, "reason": note.reason}
    connection.execute(insert(released_numbers).values(**values))
    return True


def _decide(connection: Connection, conflict_id: int, *, take: bool, note: Note, now: datetime) -> bool:
    conflict = close_conflict(connection, conflict_id, "take" if take else "keep", note=note, now=now)
    if conflict is None:
        return False
    if take:
        _take(connection, conflict, note, now)
    thaw(connection, {conflict.known, conflict.row.unified})
    return True


def _take(connection: Connection, conflict: ConflictRow, note: Note, now: datetime) -> None:
    """What was known ends on the day from which the row holds; then the row is taken like any other."""
    row, day = conflict.row, day_of(conflict.row, now)
    match conflict.kind:
        case Conflict.DRIFT:
            end_links(connection, [(row.system, row.atena)], day, cause="drift", note=note, now=now)
            return
        case Conflict.LINK:
            end_links(connection, [(row.system, row.atena)], day, cause="conflict", note=note, now=now)
        case Conflict.NUMBER if conflict.known == row.unified:
            row = replace(row, changed=True, since=max([day, *_since(connection, row.unified)]))
        case Conflict.NUMBER:
            has_it = (persons.c.unified == conflict.known) & (persons.c.blind == row.blind)
            if connection.execute(select(persons.c.unified).where(has_it)).first():
                end_number(connection, conflict.known, day, cause="conflict", note=note, now=now)
            former = (number_history.c.unified == conflict.known) & (number_history.c.blind == row.blind)
            connection.execute(update(number_history).where(former).values(until=MISTAKEN))
        case Conflict.RELEASED:
            connection.execute(delete(released_numbers).where(released_numbers.c.unified == row.unified))
    write_rows(connection, [(0, replace(row, news=True))], now=now)


def _since(connection: Connection, unified: str) -> list[date]:
    found = connection.execute(select(persons.c.since).where(persons.c.unified == unified)).scalar()
    return [] if found is None else [date.fromordinal(found)]
