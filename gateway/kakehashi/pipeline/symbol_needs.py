"""What numbers that come in mean for symbols: a person who is new needs one, one who is gone does not any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kakehashi.domain.link import LinkEvent
from kakehashi.domain.symbol import Event, Origin, Rules, Withdrawn, advance
from kakehashi.interface.profile import Profile
from kakehashi.ports.clock import Clock
from kakehashi.ports.store import Store
from kakehashi.ports.symbols import AcquisitionRow

__all__ = ["SymbolNeeds", "rules_of"]

_PATIENCE = timedelta(seconds=60)


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
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolNeeds:
    """Thread-safe. Everything may be told twice. `per_second`: how many begin where many come at once."""

    store: Store
    clock: Clock
    rules: Rules
    per_second: int = 0

    def registered(self, persons: Sequence[tuple[str, LinkEvent]]) -> None:
        """Rows of an extract that were taken, of persons whose 個人番号 is known."""
        now = self.clock.now()
        new = [person for person, event in persons if event is LinkEvent.LINKED]
        changed = [person for person, event in persons if event is LinkEvent.CHANGED]
        if new:
            self.store.need(new, origin=Origin.REGISTERED, now=now)
        if changed:
            self.store.need(changed, origin=Origin.REGISTERED, now=now, again=True)
        for person, event in persons:
            if event is LinkEvent.RELEASED:
                self.withdraw(person)

    def enforced(self, persons: Sequence[str]) -> None:
        """Persons whose 個人番号 became active on the day of enforcement."""
        self.store.need(persons, origin=Origin.STARTED, now=self.clock.now(), per_second=self.per_second)

    def withdraw(self, person: str) -> bool:
        """No symbol is wanted for the person any more; what waits for it is parked. False where none is acquired."""
        return any(self.move(row, Withdrawn("SYM-007")) for row in self.store.acquisitions(person=person))

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
