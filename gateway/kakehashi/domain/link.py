"""「番号紐付け」 What links can contradict, who decides, and what is known of a link over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

__all__ = ["GONE", "LIFE", "LINKING", "Conflict", "LifeEvent", "LinkEvent", "Note", "Period", "residence"]


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
    """The number stands for the person: birth, 個人番号 newly assigned, a correction."""
    MOVED_IN = "moved-in"
    """転入: a resident from now on. A number that stood for the person as 住登外者 in the same system ends."""
    NON_RESIDENT = "non-resident"
    """住登外者 registered: the number stands for somebody who is no resident."""
    NATURALISED = "naturalised"
    """帰化: another name, perhaps another 個人番号, the same person."""
    MOVED_OUT = "moved-out"
    """転出: no resident any more. What was before is still told under the number."""
    DIED = "died"
    """死亡: as a move-out, and no symbol is wanted any more."""
    CHANGED = "changed"
    """The person's 個人番号 was changed or issued again under another number."""
    ENDED = "ended"
    """The number stands for nobody any more."""
    RELEASED = "released"
    """The person is gone: all links end, the 団体内統合宛名番号 stays taken for ever."""


GONE = frozenset({LinkEvent.NON_RESIDENT, LinkEvent.MOVED_OUT, LinkEvent.DIED})
"""After these the person is no resident."""
LIFE = GONE | {LinkEvent.MOVED_IN, LinkEvent.NATURALISED}
"""What befalls a person, and is kept; everything else shows in links and numbers."""
LINKING = LIFE | {LinkEvent.LINKED, LinkEvent.CHANGED}
"""The number stands for the person afterwards."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEvent:
    """「異動」 What befell a person on the day `since`, and under which number their system said so.

    `by_number`: the row named the 個人番号 too.
    """

    unified: str
    system: str
    atena: str
    event: LinkEvent
    since: date
    recorded_at: datetime
    by_number: bool = field(default=False, compare=False)


def residence(events: Iterable[LifeEvent]) -> LinkEvent | None:
    """「住民区分」 The move that counts after all these: that of the latest day; of one day, the one recorded last."""
    moves = [each for each in events if each.event in GONE or each.event is LinkEvent.MOVED_IN]
    return max(moves, key=lambda each: (each.since, each.recorded_at)).event if moves else None
