"""「番号紐付け」 What links can contradict, who decides, and what is known of a link over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

__all__ = ["Conflict", "LinkEvent", "Note", "Period"]


class Conflict(StrEnum):
    """「紐付け競合」 How a row contradicts what is known. Both sides are frozen until somebody decides."""

    LINK = "link"
    """The 宛名番号 stands for another person."""
    NUMBER = "number"
    """The 個人番号 is another person's, or the person has another one and no change was declared."""
    RELEASED = "released"
    """The 団体内統合宛名番号 was released: it is never given to anybody else."""
    DRIFT = "drift"
    """The attributes that the system holds are no longer those of the person."""


class LinkEvent(StrEnum):
    """「異動事由」 What a row says has happened; each body's own codes stand for these by a table."""

    LINKED = "linked"
    """The number stands for the person: birth, move-in, 住登外 registered, 個人番号 newly assigned."""
    CHANGED = "changed"
    """The person's 個人番号 was changed or issued again under another number."""
    ENDED = "ended"
    """The number stands for nobody any more."""
    RELEASED = "released"
    """The person is gone: all links end, the 団体内統合宛名番号 stays taken for ever."""


@dataclass(frozen=True, slots=True)
class Note:
    """「記録理由」 Who did it, and why."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """「有効期間」 For how long something was so (`since` to before `until`), and when we knew it: bitemporal.

    `until` and `ended_at` None: still so. An end that was recorded later does not change what was known before.
    """

    unified: str
    since: date
    recorded_at: datetime
    until: date | None = None
    ended_at: datetime | None = None
    cause: str = ""
    note: Note | None = None

    def holds(self, day: date, *, known: datetime) -> bool:
        """Whether on `day` this was so, as it was known at `known`."""
        if self.recorded_at > known or day < self.since:
            return False
        return self.until is None or (self.ended_at is not None and self.ended_at > known) or day < self.until
