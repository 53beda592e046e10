"""What befell persons, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kakehashi.domain.link import LifeEvent

__all__ = ["MemoryLives"]


class MemoryLives:
    """See `kakehashi.ports.lives.LifeBook`; `_is_held`: whether a number of the person waits for its day. In what
    is kept, `by_number` says that it is seen only when none does.
    """

    def __init__(self) -> None:
        self._life_lock = threading.RLock()
        self._lives: dict[str, list[LifeEvent]] = {}

    def _is_held(self, unified: str) -> bool:
        raise NotImplementedError

    def _hides(self, event: LifeEvent) -> bool:
        raise NotImplementedError

    def _opened_for_holding(self) -> None:
        raise NotImplementedError

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        self._note([replace(each, by_number=False) for each in events])

    def _note(self, events: Sequence[LifeEvent]) -> None:
        with self._life_lock:
            for event in events:
                known = self._lives.setdefault(event.unified, [])
                for place, each in enumerate(known):
                    if replace(each, recorded_at=event.recorded_at) == event:
                        known[place] = replace(each, by_number=each.by_number and event.by_number)
                        break
                else:
                    known.append(event)

    def _move_lives(self, old: str, new: str, moved: set[tuple[str, str]]) -> None:
        with self._life_lock:
            theirs = [each for each in self._lives.get(old, ()) if (each.system, each.atena) in moved]
            self._lives[old] = [each for each in self._lives.get(old, ()) if each not in theirs]
            self._note([replace(each, unified=new) for each in theirs])

    def hold_events(self, events: Sequence[LifeEvent]) -> None:
        self._opened_for_holding()
        self._note([replace(each, by_number=self._hides(each)) for each in events])

    def held_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        with self._life_lock:
            return {person: tuple(self._lives[person]) for person in persons if person in self._lives}

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        seen = {
            person: tuple(each for each in events if not (each.by_number and self._is_held(person)))
            for person, events in self.held_events(persons).items()
        }
        return {person: events for person, events in seen.items() if events}
