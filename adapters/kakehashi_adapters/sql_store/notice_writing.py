"""Changes of persons as rows: what is news, and a notice of it for each number of a subscriber."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import DESCRIBED, ENDING, Disclosure, Subscriber
from kakehashi.ports.notice_rules import PersonState, Told
from kakehashi.ports.notices import PersonChange
from kakehashi_adapters.sql_store.link_tables import MISTAKEN, link_history, links
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.notice_tables import noticed_batches, notices, person_changes, person_states
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["note_changes"]


def note_changes(
    connection: Connection,
    changes: Sequence[PersonChange],
    *,
    batch: int,
    subscribers: Sequence[Subscriber],
    now: datetime,
) -> int:
    """Under the lock of links."""
    if connection.execute(select(noticed_batches).where(noticed_batches.c.batch_id == batch)).first():
        return 0
    connection.execute(insert(noticed_batches).values(batch_id=batch))
    persons = sorted({change.unified for change in changes})
    told = _told(connection, persons)
    news = [(change, event) for change in changes if (event := told.judge(change)) is not None]
    _put_states(connection, {person: told.states[person] for person in persons})
    numbers = _Numbers(connection, {change.unified for change, _ in news}, {each.numbers for each in subscribers})
    wanted = [_wanted(change, event, subscribers, numbers, now) for change, event in news]
    ids: list[int] = []
    for portion in portions(zip(news, wanted, strict=True)):
        rows = [_row(change, event, told=bool(to), now=now) for (change, event), to in portion]
        made = insert(person_changes).returning(person_changes.c.id, sort_by_parameter_order=True)
        ids += connection.execute(made, rows).scalars()
    notes = [
        _notice(change_id, change, each, atena)
        for change_id, (change, _), to in zip(ids, news, wanted, strict=True)
        for each, atena in to
    ]
    if notes:
        connection.execute(insert(notices), notes)
    return len(notes)


def _wanted(
    change: PersonChange, event: str, subscribers: Sequence[Subscriber], numbers: _Numbers, now: datetime
) -> list[tuple[Subscriber, str]]:
    recipients = numbers.told_of(change, now) if change.event in ENDING else numbers.standing(change.unified)
    return [
        (each, atena)
        for each in subscribers
        if each.wants(event)
        for system, atena in recipients
        if system == each.numbers
    ]


def _told(connection: Connection, persons: Sequence[str]) -> Told:
    told = Told()
    for portion in portions(persons):
        for row in connection.execute(select(person_states).where(person_states.c.unified.in_(portion))):
            told.states[row.unified] = PersonState(
                row.described, Disclosure(row.disclosure) if row.disclosure else None
            )
        events = select(person_changes).where(
            person_changes.c.unified.in_(portion), person_changes.c.event != DESCRIBED
        )
        for row in connection.execute(events.order_by(person_changes.c.id)):
            since = None if row.since is None else date.fromordinal(row.since)
            told.happened(row.unified, row.system, row.atena, LinkEvent(row.event), since)
    return told


def _put_states(connection: Connection, states: Mapping[str, PersonState]) -> None:
    if not states:
        return
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(person_states)
    statement = made.on_conflict_do_update(
        index_elements=["unified"],
        set_={"described": made.excluded.described, "disclosure": made.excluded.disclosure},
    )
    rows = [
        {"unified": person, "described": state.described, "disclosure": state.disclosure}
        for person, state in states.items()
    ]
    connection.execute(statement, rows)


class _Numbers:
    """Numbers of subscribers that stand for some persons, or stood."""

    def __init__(self, connection: Connection, persons: Collection[str], systems: Collection[str]) -> None:
        self._standing: dict[str, list[tuple[str, str]]] = {}
        self._ended: dict[str, list[tuple[str, str, int]]] = {}
        for portion in portions(sorted(persons)):
            now = select(links.c.unified, links.c.system, links.c.atena)
            for row in connection.execute(now.where(links.c.unified.in_(portion), links.c.system.in_(systems))):
                self._standing.setdefault(row.unified, []).append((row.system, row.atena))
            once = select(link_history).where(
                link_history.c.unified.in_(portion),
                link_history.c.system.in_(systems),
                link_history.c.until > MISTAKEN,
            )
            for row in connection.execute(once):
                self._ended.setdefault(row.unified, []).append((row.system, row.atena, row.until))

    def standing(self, unified: str) -> list[tuple[str, str]]:
        return sorted(self._standing.get(unified, ()))

    def told_of(self, change: PersonChange, now: datetime) -> list[tuple[str, str]]:
        """Also those that stood until the day of an end: by now it has been carried out."""
        day = (change.since or from_store(to_store(now)).date()).toordinal()
        ended = {(system, atena) for system, atena, until in self._ended.get(change.unified, ()) if until >= day}
        return sorted(ended.union(self._standing.get(change.unified, ())))


def _row(change: PersonChange, event: str, *, told: bool, now: datetime) -> dict[str, object]:
    sealed = change.seal() if told and change.seal is not None else None
    return {
        "unified": change.unified,
        "system": change.system,
        "atena": change.atena,
        "event": event,
        "since": None if change.since is None else change.since.toordinal(),
        "disclosure": change.disclosure,
        "key_id": None if sealed is None else sealed.key_id,
        "content": None if sealed is None else sealed.body,
        "recorded_at": to_store(now),
    }


def _notice(change_id: int, change: PersonChange, subscriber: Subscriber, atena: str) -> dict[str, object]:
    return {
        "change_id": change_id,
        "system": subscriber.system,
        "numbers": subscriber.numbers,
        "atena": atena,
        "unified": change.unified,
        "ending": change.event in ENDING,
    }
