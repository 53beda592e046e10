"""「施行日」 Before it 個人番号 are held and have no effect; in its first seconds (JST) they become active, once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import Enum, auto

from kakehashi.config.model import Route
from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import Conflict, LifeEvent, Note, Period
from kakehashi.domain.notice import Subscriber
from kakehashi.pipeline.linking import Linking, Registered
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.matches import HeldForm, NewReview, Reference, Review
from kakehashi.ports.notices import PersonChange
from kakehashi.ports.sealer import Sealer

__all__ = ["HoldingLinks", "Phase", "first_moment", "linking_now", "looking_now", "phase"]


class Phase(Enum):
    """「施行の段階」"""

    BEFORE = auto()
    """Numbers are held."""
    TURNING = auto()
    """They are becoming active: no extract is worked on until all are."""
    IN_FORCE = auto()


def first_moment(day: date) -> datetime:
    """00:00 of the day, Japan Standard Time."""
    return datetime.combine(day, time(), JST)


def phase(links: LinkStore, day: date | None, *, now: datetime) -> Phase:
    """What the store says counts more than the clock: one that is set back, or another day, undoes nothing.

    Where a day was taken away and numbers are held, nothing goes on until somebody says one.
    """
    enforcement = links.enforcement()
    if enforcement is not None:
        return Phase.TURNING if enforcement.ended_at is None else Phase.IN_FORCE
    if day is not None:
        return Phase.BEFORE if now < first_moment(day) else Phase.TURNING
    held = links.held_summary()
    return Phase.TURNING if held.numbers or held.conflicts else Phase.IN_FORCE


def looking_now(route: Route, links: LinkStore, sealer: Sealer, *, now: datetime) -> Linking:
    """What only looks at the rows of a LINK route."""
    assert route.link is not None
    if phase(links, route.link.in_force_from, now=now) is Phase.IN_FORCE:
        return Linking(links=links, sealer=sealer, plan=route.link)
    return Linking(links=HoldingLinks(links), sealer=sealer, plan=route.link, holding=True)


def linking_now(
    route: Route, links: LinkStore, sealer: Sealer, *, now: datetime, registered: Registered
) -> Linking | None:
    """What works on the rows of a LINK route; None while held numbers are becoming active: later rows come after."""
    assert route.link is not None
    if phase(links, route.link.in_force_from, now=now) is Phase.TURNING:
        return None
    return replace(looking_now(route, links, sealer, now=now), registered=registered)


@dataclass(frozen=True, slots=True)
class HoldingLinks:
    """「施行待ちの番号登録」 The link store as an extract sees it before the day: active and held together."""

    store: LinkStore

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        return {**self.store.resolve(system, atena), **self.store.held_links(system, atena)}

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        return self.store.unresolved(system, atena)

    def contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        return self.store.held_contradictions(rows, now=now)

    def assign(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        return self.store.reserve(blinds, prefix=prefix, now=now)

    def owners(self, blinds: Sequence[bytes]) -> Mapping[bytes, str]:
        return self.store.held_owners(blinds)

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        return self.store.hold_rows(rows, now=now)

    def end(self, system: str, atena: str, *, since: date, note: Note, now: datetime) -> bool:
        active = self.store.end(system, atena, since=since, note=note, now=now)
        return self.store.end_held(system, atena, note=note, now=now) or active

    def release(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        return self.store.release_held(unified, since=since, note=note, now=now)

    def periods(self, system: str, atena: str) -> list[Period]:
        """The one that goes on is the last; of those that ended, the one that ended last."""
        found = [*self.store.periods(system, atena), *self.store.held_periods(system, atena)]
        return sorted(found, key=lambda each: (each.ended_at is None, each.ended_at or each.recorded_at))

    def persons_links(self, unified: str) -> list[LinkRow]:
        held = self.store.held_blind(unified)
        rows = [*self.store.persons_links(unified), *self.store.held_persons_links(unified)]
        return rows if held is None else [replace(row, blind=held) for row in rows]

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        self.store.hold_events(events)

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        return self.store.held_events(persons)

    def note_changes(
        self, changes: Sequence[PersonChange], *, batch: int, subscribers: Sequence[Subscriber], now: datetime
    ) -> int:
        """Of whom a number is held, nobody is told before the day."""
        return self.store.note_changes(changes, batch=batch, subscribers=subscribers, now=now)

    def met_unlinked(self, system: str, atena: Iterable[str], *, now: datetime) -> None:
        self.store.met_unlinked(system, atena, now=now)

    def met_linked(self, names: Iterable[tuple[str, str]]) -> None:
        self.store.met_linked(names)

    def freeze(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        frozen = self.store.freeze(system, atena, evidence=evidence, now=now)
        return frozen or self.store.hold_drift(system, atena, evidence=evidence, now=now)

    def references(self, unified: Collection[str]) -> Mapping[str, Reference]:
        return self.store.references(unified)

    def describe(self, references: Iterable[Reference], *, now: datetime) -> None:
        self.store.describe(references, now=now)

    def hold(self, forms: Iterable[HeldForm], *, now: datetime) -> None:
        self.store.hold(forms, now=now)

    def held(self, system: str | None = None) -> Iterator[HeldForm]:
        return self.store.held(system)

    def verdicts(self, claims: Sequence[bytes]) -> Mapping[bytes, str]:
        return self.store.verdicts(claims)

    def ask(self, reviews: Iterable[NewReview], *, now: datetime) -> int:
        return self.store.ask(reviews, now=now)

    def reviews(self, *, undecided: bool = True, most: int = 1000) -> list[Review]:
        return self.store.reviews(undecided=undecided, most=most)

    def review(self, review_id: int) -> Review | None:
        return self.store.review(review_id)

    def answer(self, review_id: int, *, link: bool, note: Note, now: datetime) -> Review | None:
        return self.store.answer(review_id, link=link, note=note, now=now)
