"""What numbers that come in mean for symbols: a person who is new needs one, one who is gone does not any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kakehashi.domain.link import GONE, LinkEvent, residence
from kakehashi.domain.symbol import (
    LIVE,
    Acquisition,
    AcquisitionState,
    Event,
    Ordered,
    Origin,
    Replaced,
    Rules,
    Task,
    Withdrawn,
    advance,
)
from kakehashi.interface.profile import Profile
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.store import Store
from kakehashi.ports.symbols import AcquisitionRow

__all__ = ["SymbolNeeds", "rules_of"]

_PATIENCE = timedelta(seconds=60)
_LEFT = frozenset({LinkEvent.MOVED_OUT, LinkEvent.DIED})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SAID = {
    AcquisitionState.REGISTERING: "FGU-101",
    AcquisitionState.RELINKING: "FGU-141",
    AcquisitionState.RELEASING: "FGU-151",
}
_NEW = (LinkEvent.LINKED, LinkEvent.MOVED_IN, LinkEvent.NON_RESIDENT)


def rules_of(profile: Profile, *, patience: timedelta = _PATIENCE) -> Rules:
    """The machine's rules, as the profile says them."""
    return Rules(
        patience=patience,
        lifetime=profile.symbols.process_number_lifetime,
        first_look=profile.symbols.first_look,
        rarest_look=profile.symbols.rarest_look,
        generations=profile.symbols.generations,
        number_again=profile.messages["FGU-111"].idempotent,
        forward_again=profile.messages["FGU-121"].idempotent,
        registers=profile.symbols.registers,
        once=frozenset(state for state, message in _SAID.items() if not profile.messages[message].idempotent),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolNeeds:
    """Thread-safe. Everything may be told twice, and every night: what an event means for a symbol it means once, for
    what began before it was known. `withdrawn_by`: the events after which no symbol is wanted; `released_by`: those of
    them after which the server is told so. `per_second`: how many begin where many come at once.
    """

    store: Store
    links: LinkStore
    clock: Clock
    rules: Rules
    per_second: int = 0
    withdrawn_by: frozenset[LinkEvent] = frozenset()
    released_by: frozenset[LinkEvent] = frozenset()

    def registered(self, persons: Sequence[tuple[str, LinkEvent]]) -> None:
        """Rows of an extract that were taken, of persons whose 個人番号 is known or who are gone."""
        told = {event: [person for person, each in persons if each is event] for event in LinkEvent}
        new = [person for event in _NEW for person in told[event]]
        if new:
            self.store.need(new, origin=Origin.REGISTERED, now=self.clock.now())
        self._back([*told[LinkEvent.MOVED_IN], *told[LinkEvent.NON_RESIDENT]])
        for person in (*told[LinkEvent.CHANGED], *told[LinkEvent.NATURALISED]):
            self._renumbered(person)
        for event in self.withdrawn_by:
            self._gone(event, told[event])
        for person in told[LinkEvent.RELEASED]:
            self.withdraw(person)

    def released(self, persons: Sequence[tuple[str, LinkEvent]]) -> None:
        """As `registered`, only of those whose symbol is to be released."""
        for event in self.released_by:
            self._gone(event, [person for person, each in persons if each is event])

    def _back(self, persons: Sequence[str], *, known: datetime = _LONG_AGO) -> None:
        """Those who were gone: what was withdrawn begins again; of who is a resident now the registry is asked, not the
        terminal. `known` here and below: since when at the earliest; else since it was recorded.
        """
        for person, events in self.links.life_events(persons).items():
            lives = residence(events)
            if lives in self.withdrawn_by or not any(each.event in GONE for each in events):
                continue
            rows = self.store.acquisitions(person=person)
            if rows and (rows[-1].what.code == "SYM-011" or rows[-1].what.task is Task.RELEASE):
                self._again(person)
            since = max(known, *(each.recorded_at for each in events if each.event is lives))
            for row in rows:
                waits = row.what.by_hand and row.what.state is AcquisitionState.ISSUED and row.created_at <= since
                if lives is LinkEvent.MOVED_IN and waits:
                    self.move(row, Replaced("SYM-010"))

    def _renumbered(self, person: str, *, known: datetime = _LONG_AGO) -> None:
        """Of a changed 個人番号: what was said under the former one is void. The same one again changes nothing."""
        numbers = self.links.number_periods(person)
        if len(numbers) < 2:
            self.store.need([person], origin=Origin.REGISTERED, now=self.clock.now())
            return
        since = max(known, numbers[-1].recorded_at)
        live = self._live_before(person, since)
        for row in live:
            self.move(row, Replaced("SYM-010"))
        if not live and all(row.created_at < since for row in self.store.acquisitions(person=person)):
            self._again(person)

    def _gone(self, event: LinkEvent, persons: Sequence[str], *, known: datetime = _LONG_AGO) -> None:
        for person, events in self.links.life_events(persons).items():
            if residence(events) is not event:
                continue  # known to have come back since
            since = max(known, *(each.recorded_at for each in events if each.event is event))
            if event in self.released_by:
                if not any(row.created_at > since for row in self.store.acquisitions(person=person)):
                    self.release(person, code="SYM-011")
                continue
            for row in self._live_before(person, since):
                self.move(row, Withdrawn("SYM-011"))

    def _live_before(self, person: str, moment: datetime) -> list[AcquisitionRow]:
        rows = self.store.acquisitions(person=person, states=sorted(LIVE))
        return [row for row in rows if row.created_at <= moment and row.what.task is Task.ACQUIRE]

    def _again(self, person: str) -> None:
        self.store.need([person], origin=Origin.REGISTERED, now=self.clock.now(), again=True)

    def enforced(self, persons: Sequence[str]) -> None:
        """Persons whose 個人番号 became active on the day of enforcement, with all that their rows said before it.

        Nobody who has moved out or died begins; what is under way since before is moved as if the rows came now.
        """
        enforcement = self.links.enforcement()
        begun = enforcement.begun_at if enforcement is not None else self.clock.now()
        known = begun - begun.resolution  # what begins from then on is not moved when this is told twice
        told = self.links.life_events(persons)
        here = [person for person in persons if residence(told.get(person, ())) not in _LEFT]
        self.store.need(here, origin=Origin.STARTED, now=self.clock.now(), per_second=self.per_second)
        self._back(here, known=known)
        for person in persons:
            if self._live_before(person, known):
                self._renumbered(person, known=known)
        for event in self.withdrawn_by:
            self._gone(event, persons, known=known)

    def withdraw(self, person: str) -> bool:
        """No symbol is wanted for the person any more; what waits for it is parked. False where none is acquired."""
        rows = [row for row in self.store.acquisitions(person=person) if row.what.task is Task.ACQUIRE]
        return any(self.move(row, Withdrawn("SYM-007")) for row in rows)

    def release(
        self, person: str, *, code: str = "SYM-007", actor: str | None = None, reason: str | None = None
    ) -> bool:
        """The server is told that the symbol is the person's no longer; an acquisition that is under way ends with
        `code`. False where that is said already.
        """
        rows = self.store.acquisitions(person=person)
        if rows and rows[-1].what.task is Task.RELEASE and rows[-1].what.state is not AcquisitionState.CANCELLED:
            return False
        return self._order(person, Ordered(Task.RELEASE, code=code, actor=actor, reason=reason))

    def relink(self, retired: str, kept: str, *, anew: bool) -> bool:
        """The server is told that the two are one person. False where that is said already. `anew`: one is acquired
        for `kept` where `retired` had none.
        """
        ordered = Ordered(Task.RELINK, kept, anew)
        return self._relinked(retired, kept) is not Task.RELINK and self._order(retired, ordered)

    def unlink(self, retired: str, kept: str) -> bool:
        """What undoes `relink`; False where there is nothing to undo."""
        return self._relinked(retired, kept) is Task.RELINK and self._order(retired, Ordered(Task.UNDO, kept))

    def _relinked(self, retired: str, kept: str) -> Task | None:
        """What was said last of the two."""
        rows = [row.what.task for row in self.store.acquisitions(person=retired) if row.what.heir == kept]
        return rows[-1] if rows else None

    def _order(self, person: str, ordered: Ordered) -> bool:
        """Whatever is under way for the person ends with it, in one transaction."""
        for row in self.store.acquisitions(person=person, states=sorted(LIVE)):
            if self.move(row, ordered):
                return True
        now = self.clock.now()
        return self.store.order(Acquisition.ordered(person, ordered, now=now), now=now)

    def move(self, row: AcquisitionRow, event: Event) -> bool:
        """What somebody decided about it, whoever works on it at the time. False where that changes nothing."""
        found: AcquisitionRow | None = row
        while found is not None:
            now = self.clock.now()
            step = advance(found.what, event, rules=self.rules, now=now)
            if step.state == found.what:
                return False
            if self.store.move(found.id, turn=found.turn, step=step, now=now):
                return True
            found = self.store.acquisition(row.id)
        return False
