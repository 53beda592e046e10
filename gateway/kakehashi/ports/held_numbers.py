"""What the link store does with 個人番号 before their day of enforcement, and on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from kakehashi.domain.link import Conflict, LifeEvent, Note, Period

if TYPE_CHECKING:
    from kakehashi.ports.links import LinkRow

__all__ = ["Enforcement", "HeldNumbers", "HeldSummary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSummary:
    """「施行待ち」 How many numbers are held, since when, how many links by system, how many contradictions."""

    numbers: int
    links: Mapping[str, int]
    conflicts: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforcement:
    """「施行」 That numbers became active: from which day they hold, how many were held, how many are active.

    `contradicted`: held ones that somebody made active for another person meanwhile; each is a conflict now.
    `ended_at` None: it goes on.
    """

    day: date
    held: int
    active: int
    contradicted: int
    begun_at: datetime
    ended_at: datetime | None


class HeldNumbers(Protocol):
    """「施行待ち番号」 Numbers that are known and have no effect yet; each method is one transaction, or one a portion.

    What is held is judged together with what is active, and seen by no other method of the link store. Where no
    団体内統合宛名番号 was told with a held 個人番号, one is reserved for it; the links of such a person are held too,
    and each that a held 個人番号 alone has made. Their systems are told nothing of a person of whom a number is held.
    All that hold raise StoreError: IDN-013 once an enforcement has begun, SEC-005 as `link` does.
    """

    def held_owners(self, blinds: Sequence[bytes]) -> Mapping[bytes, str]:
        """As `owners`, with those who are held."""

    def reserve(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        """As `assign`: the number is the one that the person will have, from the same serials."""

    def held_contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        """How many of these `hold_rows` would refuse as things stand. Changes nothing."""

    def hold_rows(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        """As `link`, but 個人番号 are held, and the links that only they make; other links are active.

        A conflict in which a number or a held link takes part is held too: it freezes nothing before the day.
        """

    def hold_drift(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        """As `freeze`, of a held link: from the day on."""

    def held_links(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        """As `resolve`, of held links alone."""

    def held_periods(self, system: str, atena: str) -> list[Period]:
        """As `periods`, of held links alone, in the order in which they were held."""

    def held_blind(self, unified: str) -> bytes | None:
        """The blind index of the number that is held for the person."""

    def held_persons_links(self, unified: str) -> list[LinkRow]:
        """As `persons_links`, of held links alone, without the number."""

    def hold_events(self, events: Sequence[LifeEvent]) -> None:
        """As `note_events`. About a person of whom a 個人番号 is held, what a row with a 個人番号 tells is seen by
        `life_events` when it is active, or when a row without it tells the same; of who is only held, all of it then.
        """

    def held_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        """As `life_events`, with those that are not seen yet."""

    def end_held(self, system: str, atena: str, *, note: Note, now: datetime) -> bool:
        """The held link ends before it has begun. False where there is none and was none."""

    def release_held(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        """As `release`: active links end on the day, held ones before they have begun. False for nobody."""

    def held_summary(self) -> HeldSummary:
        """What waits for its day."""

    def enforcement(self) -> Enforcement | None:
        """The newest one; None: none has begun."""

    def enforce(self, day: date, *, most: int, now: datetime) -> Enforcement:
        """One step: up to `most` held numbers, with their links and their history, become active from `day` on.

        The first one begins the enforcement and freezes the sides of held contradictions; the one that finds nothing
        held any more ends it, and opens the contradictions for decision. Any number of processes may call it.
        """

    def unheard(self, *, most: int) -> list[str]:
        """Persons whose numbers became active, of whom `heard` was not told."""

    def heard(self, persons: Sequence[str]) -> None:
        """What follows from their numbers has begun."""
