"""What every link store decides in the same way: whether a row agrees with what is known, and what follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, auto

from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Conflict
from kakehashi.ports.links import LinkRow

__all__ = ["Effect", "Known", "Person", "Verdict", "claim_of", "day_of", "number_day_of"]


def day_of(row: LinkRow, now: datetime) -> date:
    """From when on a row holds."""
    return row.since or now.astimezone(JST).date()


def number_day_of(row: LinkRow, now: datetime) -> date:
    """From when on its 個人番号 holds: never before the day of enforcement."""
    day = day_of(row, now)
    return day if row.earliest is None else max(day, row.earliest)


def claim_of(kind: Conflict, known: str, row: LinkRow) -> bytes:
    """The same contradiction has the same digest, however often it comes."""
    parts = (kind.value, known, row.system, row.atena, row.unified, row.blind.hex() if row.blind else "")
    return hashlib.sha256("\0".join(parts).encode()).digest()


class Effect(Enum):
    """What a row that agrees does to the person's 個人番号."""

    NONE = auto()
    FIRST = auto()
    """The person has it from now on."""
    SEAL = auto()
    """The person has it already, without its sealed form."""
    CHANGE = auto()
    """It takes the place of another one."""
    REDIGEST = auto()
    """It is known under an older key's digest."""


@dataclass(slots=True)
class Person:
    """「個人」 The 個人番号 of a person as it is known: its digest, from when on, whether it is there sealed."""

    blind: bytes
    since: date
    sealed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Either a conflict with the person who counts so far, or what the row does."""

    conflict: Conflict | None = None
    known: str = ""
    links: bool = False
    effect: Effect = Effect.NONE
    revives: bool = False


@dataclass(slots=True)
class Known:
    """What is known of the links and persons of some rows; kept up by `judge`, so that earlier rows count for later."""

    links: dict[tuple[str, str], str] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    owners: dict[bytes, str] = field(default_factory=dict)
    """Who has a 個人番号, or had it."""
    released: set[str] = field(default_factory=set)

    def judge(self, row: LinkRow, *, now: datetime) -> Verdict:
        """What the row does; it counts for the rows after it."""
        blinds = () if row.blind is None else (row.blind, *row.older)
        owner = next((self.owners[blind] for blind in blinds if blind in self.owners), None)
        revives = row.unified in self.released
        if revives and owner != row.unified:
            return Verdict(Conflict.RELEASED, row.unified)
        known = self.links.get((row.system, row.atena), row.unified)
        if known != row.unified:
            return Verdict(Conflict.LINK, known)
        if owner not in (None, row.unified):
            return Verdict(Conflict.NUMBER, owner or "")
        effect = self._effect(row, blinds, number_day_of(row, now))
        if effect is None:
            return Verdict(Conflict.NUMBER, row.unified)
        new = (row.system, row.atena) not in self.links
        self.links[row.system, row.atena] = row.unified
        self.released.discard(row.unified)
        return Verdict(links=new, effect=effect, revives=revives)

    def _effect(self, row: LinkRow, blinds: tuple[bytes, ...], since: date) -> Effect | None:
        """None: it contradicts the number that the person has."""
        if row.blind is None:
            return Effect.NONE
        person = self.persons.get(row.unified)
        if person is None:
            self._has(row.unified, row.blind, since, sealed=row.number is not None)
            return Effect.FIRST
        if person.blind in blinds:
            if person.blind != row.blind:
                self._has(row.unified, row.blind, person.since, sealed=person.sealed)
                return Effect.REDIGEST
            if person.sealed or row.number is None:
                return Effect.NONE
            person.sealed = True
            return Effect.SEAL
        if any(blind in self.owners for blind in blinds):  # one that the person had before
            return None if row.changed and since > person.since else Effect.NONE
        if not row.changed or since < person.since:
            return None
        self._has(row.unified, row.blind, since, sealed=row.number is not None)
        return Effect.CHANGE

    def _has(self, unified: str, blind: bytes, since: date, *, sealed: bool) -> None:
        self.persons[unified], self.owners[blind] = Person(blind, since, sealed), unified
