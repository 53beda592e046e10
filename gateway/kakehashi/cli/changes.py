"""What changes within 60 days: layouts and code masters that the server announced, and versions of routes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from kakehashi.cli.context import Session
from kakehashi.pipeline.distributing import read_distribution

__all__ = ["SOON", "changes", "tell_changes"]

SOON = timedelta(days=60)
_Change = tuple[str, str, str, str]


def changes(session: Session, today: date, within: timedelta = SOON) -> list[_Change]:
    """(day, what, begins or ends, where it is used) of each from today on."""
    last = today + within if within < date.max - today else date.max
    return sorted(
        (day.isoformat(), what, how, used)
        for day, what, how, used in (*_announced(session), *_of_routes(session))
        if today <= day <= last
    )


def tell_changes(session: Session) -> None:
    """A row each; nothing when there are none."""
    rows = changes(session, session.clock.now().date())
    if rows:
        session.output.rows("Layouts that change within 60 days", ("day", "what", "change", "routes"), rows)


def _announced(session: Session) -> Iterator[tuple[date, str, str, str]]:
    row = session.store.distribution()
    distribution = read_distribution(row.content) if row else None
    for each in distribution.layouts if distribution else ():
        routes = _users(session, info_name=each.info_name)
        yield each.period.first, each.title, "begins", routes
        if each.period.last:
            yield each.period.last, each.title, "ends", routes
    for master in distribution.masters if distribution else ():
        routes = _users(session, code_list=master.name)
        yield master.period.first, master.title, "begins", routes
        if master.period.last:
            yield master.period.last, master.title, "ends", routes


def _users(session: Session, *, info_name: str = "", code_list: str = "") -> str:
    found = []
    for name, route in session.configuration.routes.items():
        standards = [each.standard for each in route.versions]
        items = [item for each in standards for item in each.items]
        if any(each.info_name == info_name for each in standards) or (
            code_list and any(item.code_list == code_list for item in items)
        ):
            found.append(name)
    return " ".join(found)


def _of_routes(session: Session) -> Iterator[tuple[date, str, str, str]]:
    for name, route in session.configuration.routes.items():
        for each in route.versions:
            if each.valid_from is not None:
                yield each.valid_from, f"{each.standard.info_name} v{each.name}", "batches begin with it", name
