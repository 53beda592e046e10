"""alarms: what rings now, for operators and for the monitoring of the house."""

from __future__ import annotations

from collections.abc import Iterable

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.domain.alarm import Alarm

__all__ = ["alarms", "tell_alarms"]


@command()
def alarms(session: Session) -> int:
    """The alarms that ring now, and what to do; exit code 1 when there are any. Disks are those of this machine."""
    ringing = session.watch.ringing(session.clock.now())
    tell_alarms(session, ringing)
    return FAULTS if ringing else 0


def tell_alarms(session: Session, ringing: Iterable[Alarm]) -> None:
    """A row each; nothing when there are none."""
    rows = [
        (a.code, a.lane, a.about, a.place, a.number, a.limit, session.meaning(a.code), session.remedy(a.code))
        for a in ringing
    ]
    if rows:
        session.output.rows(
            "Alarms", ("alarm", "lane", "about", "place", "number", "limit", "meaning", "what_to_do"), rows
        )
