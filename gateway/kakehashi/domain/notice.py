"""「宛名通知」 What systems are told of the persons whom their numbers stand for, and what of it they may not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kakehashi.domain.link import LinkEvent

__all__ = ["DESCRIBED", "ENDING", "NOTICES", "Disclosure", "Subscriber"]

DESCRIBED = "described"
"""「記載変更」 No new event: name, address or the right to see them have changed."""

NOTICES = (*LinkEvent, DESCRIBED)
"""What a notice can tell."""

ENDING = frozenset({LinkEvent.ENDED, LinkEvent.RELEASED})
"""After these the number stands for nobody."""


class Disclosure(StrEnum):
    """「開示区分」 Fails closed: what is not known to be open is not told."""

    OPEN = "open"
    WITHHELD = "withheld"
    """不開示, 支援措置."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """「通知先」 A system that is told of its persons. `numbers`: whose 宛名番号 it uses; `events`: of NOTICES."""

    system: str
    numbers: str
    events: frozenset[str] = field(default=frozenset(NOTICES))

    def wants(self, event: str) -> bool:
        return event in self.events
