"""Forms and claims in memory: the MatchStore contract without a disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kakehashi.domain.link import Note
from kakehashi.ports.matches import HeldForm, NewReview, Reference, Review

__all__ = ["MemoryMatches"]


class MemoryMatches:
    """The half of the memory link store that compares; `_unfrozen` says to whom a number is linked now."""

    def __init__(self) -> None:
        self._match_lock = threading.RLock()
        self._references: dict[str, Reference] = {}
        self._held: dict[tuple[str, str], HeldForm] = {}
        self._reviews: list[Review] = []
        self._compared_at: datetime | None = None

    def _unfrozen(self, system: str, atena: str) -> str | None:
        raise NotImplementedError

    def references(self, unified: Collection[str]) -> Mapping[str, Reference]:
        with self._match_lock:
            return {each: self._references[each] for each in unified if each in self._references}

    def describe(self, references: Iterable[Reference], *, now: datetime) -> None:  # noqa: ARG002  # kept by real stores only
        with self._match_lock:
            self._references |= {each.unified: each for each in references}

    def hold(self, forms: Iterable[HeldForm], *, now: datetime) -> None:  # noqa: ARG002  # as above
        with self._match_lock:
            self._held |= {(each.system, each.atena): replace(each, reference=None) for each in forms}

    def held(self, system: str | None = None) -> Iterator[HeldForm]:
        with self._match_lock:
            found = [
                replace(form, reference=self._references.get(form.unified))
                for key, form in sorted(self._held.items())
                if system in (None, key[0]) and self._unfrozen(*key) == form.unified
            ]
        yield from found

    def verdicts(self, claims: Sequence[bytes]) -> Mapping[bytes, str]:
        with self._match_lock:
            decided = {row.what.claim: row.decision for row in self._reviews if row.decision is not None}
            return {claim: decided[claim] for claim in claims if claim in decided}

    def ask(self, reviews: Iterable[NewReview], *, now: datetime) -> int:
        new = 0
        with self._match_lock:
            for each in reviews:
                known = next((n for n, row in enumerate(self._reviews) if row.what.claim == each.claim), None)
                if known is None:
                    self._reviews.append(Review(id=len(self._reviews) + 1, what=each, recorded_at=now))
                    new += 1
                else:
                    row = self._reviews[known]
                    place = replace(row.what, batch_id=each.batch_id, record_no=each.record_no, members=each.members)
                    self._reviews[known] = replace(row, what=place)
        return new

    def reviews(self, *, undecided: bool = True, most: int = 1000) -> list[Review]:
        with self._match_lock:
            return [row for row in self._reviews if not undecided or row.decision is None][:most]

    def compared(self, now: datetime) -> None:
        with self._match_lock:
            self._compared_at = now

    def compared_at(self) -> datetime | None:
        with self._match_lock:
            return self._compared_at

    def _answer_merge(
        self, kept: str, retired: str, stands: Callable[[str, str], str | None], note: Note, now: datetime
    ) -> None:
        with self._match_lock:
            for n, row in enumerate(self._reviews):
                if row.decision is not None or row.what.unified not in (kept, retired):
                    continue
                if stands(row.what.system, row.what.atena) == kept and row.what.members:
                    self._reviews[n] = replace(row, decision="link", decided_at=now, note=note)
                else:
                    self._reviews[n] = replace(row, what=replace(row.what, unified=kept))

    def review(self, review_id: int) -> Review | None:
        with self._match_lock:
            return next((row for row in self._reviews if row.id == review_id), None)

    def answer(self, review_id: int, *, link: bool, note: Note, now: datetime) -> Review | None:
        with self._match_lock:
            for n, row in enumerate(self._reviews):
                if row.id == review_id and row.decision is None:
                    decision = "link" if link else "refuse"
                    self._reviews[n] = replace(row, decision=decision, decided_at=now, note=note)
                    return self._reviews[n]
        return None
