"""The half of the link store that holds numbers until their day of enforcement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.ports.held_numbers import Enforcement, HeldSummary
from kakehashi.ports.links import LinkRow
from kakehashi_adapters.sql_store import held_enforcing, held_writing
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.link_conflicts import record_conflict
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["SqlHeldNumbers"]

T = TypeVar("T")


class SqlHeldNumbers:
    """HeldNumbers on SQLAlchemy Core. `_database` and `_write` come from the class that takes it in."""

    _database: Database

    def _write(self, work: Callable[[Connection], T]) -> T:
        raise NotImplementedError

    def held_owners(self, blinds: Sequence[bytes]) -> dict[bytes, str]:
        found: dict[bytes, str] = {}
        for portion in portions(blinds):
            found |= self._database.read(lambda c, portion=portion: held_writing.owners(c, portion))  # type: ignore[misc]  # bound now
        return found

    def reserve(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        known = self.held_owners([blind for each in blinds for blind in each])
        missing = [each[0] for each in blinds if not any(blind in known for blind in each)]
        for portion in portions(missing):
            self._write(lambda c, portion=portion: held_writing.reserve(c, portion, prefix=prefix, now=now))  # type: ignore[misc]  # bound now
        if missing:
            known = self.held_owners([blind for each in blinds for blind in each])
        return [next(known[blind] for blind in each if blind in known) for each in blinds]

    def held_contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        return sum(
            self._database.read(lambda c, p=portion: held_writing.count_held_contradictions(c, p, now=now))  # type: ignore[misc]  # bound now
            for portion in portions(rows)
        )

    def hold_rows(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        conflicts: dict[int, Conflict] = {}
        for portion in portions(enumerate(rows)):
            conflicts |= self._write(lambda c, portion=portion: held_writing.hold(c, portion, now=now))  # type: ignore[misc]  # bound now
        return conflicts

    def hold_drift(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        def drift(connection: Connection) -> bool:
            held_writing.check_open(connection)
            unified = held_writing.linked_held(connection, [(system, atena)]).get((system, atena))
            if unified is not None:
                row = LinkRow(system=system, atena=atena, unified=unified, blind=evidence)
                record_conflict(connection, Conflict.DRIFT, unified, row, now=now, held=True)
            return unified is not None

        return self._write(drift)

    def held_links(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        found: dict[tuple[str, str], str] = {}
        for portion in portions((system, each) for each in atena):
            found |= self._database.read(lambda c, portion=portion: held_writing.linked_held(c, portion))  # type: ignore[misc]  # bound now
        return {number: unified for (_, number), unified in found.items()}

    def held_periods(self, system: str, atena: str) -> list[Period]:
        return self._database.read(lambda c: held_writing.periods(c, system, atena))

    def held_blind(self, unified: str) -> bytes | None:
        return self._database.read(lambda c: held_writing.blind_of(c, unified))

    def held_persons_links(self, unified: str) -> list[LinkRow]:
        return self._database.read(lambda c: held_writing.persons_links(c, unified))

    def end_held(self, system: str, atena: str, *, note: Note, now: datetime) -> bool:
        return self._write(lambda c: held_writing.end(c, system, atena, note=note, now=now))

    def release_held(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        return self._write(lambda c: held_writing.release(c, unified, since=since, note=note, now=now))

    def held_summary(self) -> HeldSummary:
        return self._database.read(held_enforcing.summary)

    def enforcement(self) -> Enforcement | None:
        return self._database.read(held_enforcing.newest)

    def enforce(self, day: date, *, most: int, now: datetime) -> Enforcement:
        return self._write(lambda c: held_enforcing.step(c, day, most=most, now=now))

    def unheard(self, *, most: int) -> list[str]:
        return self._database.read(lambda c: held_enforcing.unheard(c, most=most))

    def heard(self, persons: Sequence[str]) -> None:
        for portion in portions(persons):
            self._database.write(lambda c, portion=portion: held_enforcing.forget_heard(c, portion))  # type: ignore[misc]  # bound now
