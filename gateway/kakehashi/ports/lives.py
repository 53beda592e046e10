"""The part of the link store that knows what befell persons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from kakehashi.domain.link import LifeEvent

__all__ = ["LifeBook"]


class LifeBook(Protocol):
    """「異動記録」 Bitemporal: nothing is changed or taken away, what comes later counts."""

    def note_events(self, events: Sequence[LifeEvent]) -> None:
        """Written down once: one that is known, but for the time at which it was recorded, is left as it is."""

    def life_events(self, persons: Collection[str]) -> Mapping[str, Sequence[LifeEvent]]:
        """Person → what befell them, in the order in which it was recorded; of whom nothing is known is absent."""
