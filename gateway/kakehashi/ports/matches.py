"""What is known of persons for comparison, what a person has to decide, and what was decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kakehashi.domain.link import Note
from kakehashi.ports.sealer import Sealed

__all__ = ["Comparisons", "HeldForm", "MatchStore", "NewReview", "Reference", "Review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """「照合基準」 A person as the registry describes them: digests by the key `digest_id`, and in full mode the
    sealed address data.
    """

    unified: str
    form: bytes
    digest_id: str
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldForm:
    """「業務側の照合形」 A linked number, how its system describes the person, and how the registry does."""

    system: str
    atena: str
    unified: str
    form: bytes
    digest_id: str
    reference: Reference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """「確認対象」 A claim that a person has to decide: `claim` digests who is claimed by what.

    `differ`: which attributes differ (in record matching: and how). `batch_id` and `record_no`: the record that waits
    for the decision. `members`: in record matching, all (system, 宛名番号) of whom it is asked.
    """

    claim: bytes
    system: str
    atena: str
    unified: str
    differ: tuple[str, ...]
    batch_id: int | None = None
    record_no: int | None = None
    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """「確認」 `decision`: None while open, then "link" or "refuse"."""

    id: int
    what: NewReview
    recorded_at: datetime
    decision: str | None = None
    decided_at: datetime | None = None
    note: Note | None = None


class MatchStore(Protocol):
    """「照合情報」 Every method is one transaction, or one a portion. Thread-safe."""

    def references(self, unified: Collection[str]) -> Mapping[str, Reference]:
        """Of these persons, where known."""

    def describe(self, references: Iterable[Reference], *, now: datetime) -> None:
        """What the registry says of these persons from now on."""

    def hold(self, forms: Iterable[HeldForm], *, now: datetime) -> None:
        """How a system describes whom its numbers stand for; only for numbers that are linked to that person."""

    def held(self, system: str | None = None) -> Iterator[HeldForm]:
        """Of every linked, unfrozen number that its system described, by system and number, read in portions."""

    def verdicts(self, claims: Sequence[bytes]) -> Mapping[bytes, str]:
        """What was decided about these claims: "link" or "refuse"."""

    def ask(self, reviews: Iterable[NewReview], *, now: datetime) -> int:
        """Somebody has to decide; a claim that is known already is not asked about again, but the record that waits for
        it is the newest. Returns how many were new.
        """

    def reviews(self, *, undecided: bool = True, most: int = 1000) -> list[Review]:
        """Oldest first."""

    def review(self, review_id: int) -> Review | None: ...

    def answer(self, review_id: int, *, link: bool, note: Note, now: datetime) -> Review | None:
        """Decide; None for one that is not open."""


class Comparisons(Protocol):
    """「再照合記録」"""

    def compared(self, now: datetime) -> None:
        """Everything that is held was compared anew."""

    def compared_at(self) -> datetime | None:
        """When that was last; None: never."""
