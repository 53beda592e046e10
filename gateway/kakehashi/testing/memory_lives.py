"""What befell persons, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kakehashi.domain.link import LifeEvent

__all__ = ["MemoryLives"]


class MemoryLives:
    """See `kakehashi.ports.lives.LifeBook`."""

    def __init__(self) -> None:
        self._life_lock = threading.RLock()
        self._lives: dict[str, list[LifeEvent]] = {}

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        with self._life_lock:
            for event in events:
                known = self._lives.setdefault(event.unified, [])
                if not any(replace(each, recorded_at=event.recorded_at) == event for each in known):
                    known.append(event)

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        with self._life_lock:
            return {person: tuple(self._lives[person]) for person in persons if person in self._lives}
