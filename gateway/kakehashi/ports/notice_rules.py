"""What every store decides in the same way: what of an extract's row is news, and what may be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import DESCRIBED, ENDING, Disclosure
from kakehashi.ports.notices import PersonChange

__all__ = ["PersonState", "Told", "stricter"]


@dataclass(slots=True)
class PersonState:
    """「記載状態」 How the registry described a person last, as a keyed digest, and whether that may be told."""

    described: bytes = b""
    disclosure: Disclosure | None = None


@dataclass(slots=True)
class Told:
    """What was told of some persons before; kept up by `judge`, so that earlier rows count for later ones.

    `events`: all that befell them, `last`: of each number.
    """

    states: dict[str, PersonState] = field(default_factory=dict)
    events: set[tuple[str, str, str, LinkEvent, date | None]] = field(default_factory=set)
    last: dict[tuple[str, str, str], LinkEvent] = field(default_factory=dict)

    def happened(self, unified: str, system: str, atena: str, event: LinkEvent, since: date | None) -> None:
        self.events.add((unified, system, atena, event, since))
        self.last[unified, system, atena] = event

    def judge(self, change: PersonChange) -> str | None:
        """What is told of it, one of NOTICES; None: nothing is new."""
        is_event = self._is_event(change)
        state = self.states.setdefault(change.unified, PersonState())
        is_other = bool(change.described) and state.described not in change.described
        if change.described:
            state.described = change.described[0]
        if change.disclosure is not None:
            is_other = is_other or change.disclosure is not state.disclosure
            state.disclosure = change.disclosure
        if is_event:
            self.happened(change.unified, change.system, change.atena, change.event, change.since)
            return change.event.value
        return DESCRIBED if is_other else None

    def _is_event(self, change: PersonChange) -> bool:
        number = change.unified, change.system, change.atena
        if change.event is LinkEvent.LINKED:
            return number not in self.last or self.last[number] in ENDING
        return (*number, change.event, change.since) not in self.events


def stricter(then: Disclosure | None, now: Disclosure | None) -> Disclosure:
    """Open only what was open when it came and is open now."""
    if then is now is Disclosure.OPEN:
        return Disclosure.OPEN
    return Disclosure.WITHHELD if Disclosure.WITHHELD in (then, now) else Disclosure.UNKNOWN
