"""What the memory link store holds, and what every half of it does with that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.errors import StoreError
from kakehashi.ports.link_rules import Known, Person, day_of
from kakehashi.ports.links import ConflictRow, LinkRow
from kakehashi.ports.sealer import Sealed

__all__ = [
    "DAWN",
    "Link",
    "Number",
    "Opened",
    "State",
    "contested",
    "end_link",
    "end_number",
    "known_of",
    "undecided_of",
]

DAWN = date.min


@dataclass(slots=True)
class Link:
    unified: str
    since: date
    recorded_at: datetime
    frozen: bool = False

    @classmethod
    def of(cls, row: LinkRow, now: datetime, *, frozen: bool) -> Link:
        return cls(row.unified, day_of(row, now), now, frozen)


@dataclass(slots=True)
class Number:
    blind: bytes
    sealed: Sealed | None
    since: date
    recorded_at: datetime
    until: date | None = None
    ended_at: datetime | None = None
    cause: str = ""
    note: Note | None = None


@dataclass(slots=True)
class State:
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    former: dict[str, list[Number]] = field(default_factory=dict)
    periods: dict[tuple[str, str], list[Period]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    conflicts: list[ConflictRow] = field(default_factory=list)
    claims: set[bytes] = field(default_factory=set)
    unlinked: dict[tuple[str, str], datetime] = field(default_factory=dict)
    looks: dict[tuple[str, str], list[tuple[datetime, Note]]] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)
    digest: bytes = b""

    def check_digest(self, blind: bytes | None) -> None:
        if blind is not None and not blind.startswith(self.digest):
            raise StoreError("SEC-005")

    def numbers_in_use(self) -> set[str]:
        """団体内統合宛名番号 that somebody has or had."""
        taken = {link.unified for link in self.links.values()} | set(self.numbers) | set(self.former)
        return taken | {period.unified for periods in self.periods.values() for period in periods} | self.released

    def serial(self, prefix: str) -> Iterator[str]:
        """The next numbers; each that is taken is gone for ever."""
        while True:
            serial = self.serials[prefix] = self.serials.get(prefix, 0) + 1
            yield UnifiedAtenaNumber.issued(prefix, serial)


@dataclass(frozen=True, slots=True)
class Opened:
    lock: threading.RLock
    state: State

    def __enter__(self) -> State:
        self.lock.acquire()
        return self.state

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def known_of(state: State) -> Known:
    owners = {
        number.blind: unified for unified, numbers in state.former.items() for number in numbers if number.until != DAWN
    }
    owners |= {number.blind: unified for unified, number in state.numbers.items()}
    return Known(
        links={key: link.unified for key, link in state.links.items()},
        persons={u: Person(n.blind, n.since, n.sealed is not None) for u, n in state.numbers.items()},
        owners=owners,
        released=set(state.released),
    )


def undecided_of(state: State) -> list[ConflictRow]:
    return [row for row in state.conflicts if row.decision is None]


def contested(state: State, persons: set[str], *, held: bool = False) -> set[str]:
    """`held`: also by what is decided about from the day of enforcement on."""
    rows = [row for row in state.conflicts if row.decision is None or (held and row.decision == "held")]
    rows = [row for row in rows if row.kind is not Conflict.DRIFT]
    return {person for row in rows for person in (row.known, row.row.unified)} & persons


def end_link(state: State, key: tuple[str, str], until: date, *, cause: str, note: Note, now: datetime) -> bool:
    link = state.links.pop(key, None)
    if link is None:
        return False
    state.periods.setdefault(key, []).append(
        Period(
            unified=link.unified, since=link.since, recorded_at=link.recorded_at, until=until, ended_at=now,
            cause=cause, note=note,
        )
    )  # fmt: skip
    return True


def end_number(state: State, unified: str, until: date, *, cause: str, note: Note | None, now: datetime) -> None:
    number = state.numbers.pop(unified)
    number.until, number.ended_at, number.cause, number.note = until, now, cause, note
    state.former.setdefault(unified, []).append(number)
