"""Two unified numbers made one, and two again: links, number, life events and questions in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, delete, exists, insert, or_, select, text, tuple_, update

from kakehashi.domain.link import Note
from kakehashi.ports.link_rules import day_of
from kakehashi.ports.links import LinkRow
from kakehashi.ports.merges import Merge, Renumber, Unmergeable
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.held_tables import GOING_ON, STILL_HELD, held_links, held_numbers
from kakehashi_adapters.sql_store.life_tables import life_events, number_returns
from kakehashi_adapters.sql_store.link_conflicts import contested
from kakehashi_adapters.sql_store.link_tables import (
    STANDING,
    UNDECIDED,
    link_history,
    links,
    match_reviews,
    merges,
    number_history,
    persons,
    released_numbers,
)
from kakehashi_adapters.sql_store.link_writing import end_links, end_number, link_values
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.notice_tables import PENDING, notices
from kakehashi_adapters.sql_store.number_returns import tell_numbers

__all__ = ["SqlMerges"]

T = TypeVar("T")
_MERGED: Final = "merged"

Keys = list[tuple[str, str]]


class SqlMerges:
    """See `kakehashi.ports.merges.MergeBook`. `_database`, `_write`: of the class that takes it in."""

    _database: Database

    def _write(self, work: Callable[[Connection], T]) -> T:
        raise NotImplementedError

    def mergeable(self, kept: str, retired: str) -> Unmergeable | None:
        return self._database.read(lambda c: None if _standing(c, kept, retired) else _obstacle(c, kept, retired))

    def merge(self, kept: str, retired: str, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable:
        return self._write(lambda c: _merge(c, kept, retired, renumber, note=note, now=now))

    def unmerge(self, merge_id: int, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable | None:
        return self._write(lambda c: _unmerge(c, merge_id, renumber, note, now))

    def merged_links(self, merge_id: int) -> list[tuple[str, str]]:
        return self._database.read(lambda c: _moved_by(c, merge_id))

    def merges(self, *, standing: bool = True, most: int = 1000) -> list[Merge]:
        query = select(merges).order_by(merges.c.id).limit(most)
        query = query.where(text(STANDING)) if standing else query
        return [_row(row) for row in self._database.read(lambda c: c.execute(query).all())]


def _standing(connection: Connection, kept: str, retired: str) -> Merge | None:
    query = select(merges).where(text(STANDING), merges.c.kept == kept, merges.c.retired == retired)
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def _obstacle(connection: Connection, kept: str, retired: str) -> Unmergeable | None:
    both = {kept, retired}
    if kept == retired:
        return Unmergeable.SAME
    known = set(connection.execute(select(links.c.unified).where(links.c.unified.in_(both))).scalars())
    numbered = set(connection.execute(select(persons.c.unified).where(persons.c.unified.in_(both))).scalars())
    gone = exists().where(released_numbers.c.unified.in_(both))
    if known | numbered != both or connection.execute(select(gone)).scalar():
        return Unmergeable.UNKNOWN
    frozen = exists().where(links.c.unified.in_(both), links.c.frozen)
    if connection.execute(select(frozen)).scalar() or contested(connection, both):
        return Unmergeable.FROZEN
    waits = or_(
        exists().where(text(STILL_HELD), held_numbers.c.unified.in_(both)),
        exists().where(text(f"held_links.{GOING_ON}"), held_links.c.unified.in_(both)),
    )
    if connection.execute(select(waits)).scalar():
        return Unmergeable.HELD
    return Unmergeable.NUMBERS if numbered == both else None


def _merge(
    connection: Connection, kept: str, retired: str, renumber: Renumber, *, note: Note, now: datetime
) -> Merge | Unmergeable:
    """Under `lock`."""
    done = _standing(connection, kept, retired)
    obstacle = None if done else _obstacle(connection, kept, retired)
    if done or obstacle:
        return done or obstacle  # type: ignore[return-value]  # one of them is there
    values = {"kept": kept, "retired": retired, "merged_at": to_store(now), "actor": note.actor, "reason": note.reason}
    connection.execute(insert(merges).values(**values))
    theirs = select(links.c.system, links.c.atena).where(links.c.unified == retired)
    moved = [(system, atena) for system, atena in connection.execute(theirs)]
    _move(connection, moved, retired, kept, cause=_MERGED, note=note, now=now)
    _number(connection, retired, kept, renumber, cause=_MERGED, note=note, now=now)
    gone = {"unified": retired, "released_at": to_store(now), "actor": note.actor, "reason": note.reason}
    connection.execute(insert(released_numbers).values(**gone))
    _answer(connection, kept, retired, note, now)
    made = _standing(connection, kept, retired)
    assert made is not None
    return made


def _unmerge(
    connection: Connection, merge_id: int, renumber: Renumber, note: Note, now: datetime
) -> Merge | Unmergeable | None:
    """Under `lock`."""
    row = connection.execute(select(merges).where(merges.c.id == merge_id)).first()
    if row is None or row.undone_at is not None:
        return None if row is None else _row(row)
    kept, retired = row.kept, row.retired
    if connection.execute(select(exists().where(released_numbers.c.unified == kept))).scalar():
        return Unmergeable.UNKNOWN
    if contested(connection, {kept, retired}):
        return Unmergeable.FROZEN
    before = set(_moved_by(connection, merge_id))
    theirs = select(links.c.system, links.c.atena).where(links.c.unified == kept, ~links.c.frozen)
    back = [(system, atena) for system, atena in connection.execute(theirs) if (system, atena) in before]
    connection.execute(delete(released_numbers).where(released_numbers.c.unified == retired))
    _move(connection, back, kept, retired, cause="unmerged", note=note, now=now)
    was = select(number_history.c.blind).where(
        number_history.c.unified == retired,
        number_history.c.cause == _MERGED,
        number_history.c.ended_at == row.merged_at,
    )
    blind = connection.execute(was).scalar()
    if blind is not None:
        _number(connection, kept, retired, renumber, cause="unmerged", note=note, now=now, blind=blind)
    undone = {"undone_at": to_store(now), "undone_by": note.actor, "undone_reason": note.reason}
    connection.execute(update(merges).where(merges.c.id == merge_id).values(**undone))
    return _row(connection.execute(select(merges).where(merges.c.id == merge_id)).one())


def _moved_by(connection: Connection, merge_id: int) -> Keys:
    moved = (
        select(link_history.c.system, link_history.c.atena)
        .join(merges, (merges.c.retired == link_history.c.unified) & (merges.c.merged_at == link_history.c.ended_at))
        .where(merges.c.id == merge_id, link_history.c.cause == _MERGED)
        .order_by(link_history.c.system, link_history.c.atena)
    )
    return [(system, atena) for system, atena in connection.execute(moved)]


def _move(connection: Connection, moved: Keys, old: str, new: str, *, cause: str, note: Note, now: datetime) -> None:
    """These links end today and begin anew; what befell the person under these numbers goes with them, and what is
    still to be told of it.
    """
    rows = [LinkRow(system=system, atena=atena, unified=new, news=True) for system, atena in moved]
    if not rows:
        return
    end_links(connection, moved, day_of(rows[0], now), cause=cause, note=note, now=now)
    connection.execute(insert(links), [link_values(row, now, frozen=False) for row in rows])
    told = select(number_returns.c.system, number_returns.c.atena).where(number_returns.c.unified == old)
    systems = {(system, atena) for system, atena in connection.execute(told)}
    tell_numbers(connection, [row for row in rows if (row.system, row.atena) in systems], now=now)
    theirs = select(life_events).where(life_events.c.unified.in_((old, new))).order_by(life_events.c.id)
    events = connection.execute(theirs).all()
    there = {_what(row) for row in events if row.unified == new}
    for row in events:
        if row.unified == old and (row.system, row.atena) in set(moved) and _what(row) not in there:
            connection.execute(update(life_events).where(life_events.c.id == row.id).values(unified=new))
    these = tuple_(notices.c.numbers, notices.c.atena).in_(moved)
    untold = update(notices).where(text(PENDING), notices.c.unified == old, these)
    connection.execute(untold.values(unified=new))


def _what(row: Any) -> tuple[object, ...]:
    return row.event, row.since, row.system, row.atena


def _number(
    connection: Connection,
    old: str,
    new: str,
    renumber: Renumber,
    *,
    cause: str,
    note: Note,
    now: datetime,
    blind: bytes | None = None,
) -> None:
    """The 個人番号 goes to the other one, if it is the one of this digest."""
    person = connection.execute(select(persons).where(persons.c.unified == old)).mappings().first()
    if person is None or (blind is not None and person["blind"] != blind):
        return
    end_number(connection, old, day_of(LinkRow(system="", atena="", unified=old), now), cause=cause, note=note, now=now)
    sealed = None if person["number"] is None else renumber(Sealed(person["key_id"], person["number"]), old, new)
    values = {
        **person,
        "unified": new,
        "recorded_at": to_store(now),
        "key_id": None if sealed is None else sealed.key_id,
        "number": None if sealed is None else sealed.body,
    }
    connection.execute(insert(persons).values(**values))


def _answer(connection: Connection, kept: str, retired: str, note: Note, now: datetime) -> None:
    """Open questions whether the two are one are answered; others about the one that is gone are about `kept`."""
    opened = select(match_reviews).where(text(UNDECIDED), match_reviews.c.unified.in_((kept, retired)))
    for row in connection.execute(opened).all():
        stands = select(links.c.unified).where(links.c.system == row.system, links.c.atena == row.atena)
        values: dict[str, object] = {"unified": kept}
        if connection.execute(stands).scalar() == kept and row.members is not None:
            values = {"decision": "link", "decided_at": to_store(now), "actor": note.actor, "reason": note.reason}
        connection.execute(update(match_reviews).where(match_reviews.c.id == row.id).values(**values))


def _row(row: Any) -> Merge:
    return Merge(
        id=row.id,
        kept=row.kept,
        retired=row.retired,
        merged_at=from_store(row.merged_at),
        note=Note(row.actor, row.reason),
        undone_at=from_store(row.undone_at),
        undone=None if row.undone_by is None else Note(row.undone_by, row.undone_reason),
    )
