"""The NoticeBook on SQLAlchemy Core: notices go into files of their system, and the books say who has had what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from kakehashi.domain.link import Note
from kakehashi.domain.notice import Disclosure, Subscriber
from kakehashi.ports.notice_rules import stricter
from kakehashi.ports.notices import AddressAnswer, Behind, NoticeFile, NoticeLine, NoticeRow, PersonChange
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.held_tables import holds_number
from kakehashi_adapters.sql_store.link_tables import link_history, links
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.notice_tables import (
    KEPT,
    PENDING,
    UNTAKEN,
    address_answers,
    notice_files,
    notices,
    person_changes,
    person_states,
)
from kakehashi_adapters.sql_store.notice_writing import note_changes
from kakehashi_adapters.sql_store.portion import PORTION, portions

__all__ = ["SqlNotices"]

T = TypeVar("T")

_NUMBER: Final = (links.c.system == notices.c.numbers) & (links.c.atena == notices.c.atena)
_THEIRS: Final = links.c.unified == notices.c.unified
_PENDING: Final[ColumnElement[bool]] = text(PENDING)  # type: ignore[assignment]  # a condition all the same
_STANDS: Final = exists().where(_NUMBER, _THEIRS)
_IS_ANOTHERS: Final = exists().where(_NUMBER, ~_THEIRS)
_ENDED: Final = or_(
    notices.c.ending,
    exists().where(
        link_history.c.system == notices.c.numbers,
        link_history.c.atena == notices.c.atena,
        link_history.c.unified == notices.c.unified,
        link_history.c.cause.in_(("ended", "released")),
    ),
)
"""By the registry's word; what a decision has ended was a mistake."""
_READY: Final = and_(
    ~holds_number(notices.c.unified),
    or_(exists().where(_NUMBER, _THEIRS, ~links.c.frozen), and_(~exists().where(_NUMBER), _ENDED)),
)
_VOID: Final = or_(_IS_ANOTHERS, and_(~_STANDS, ~_ENDED))
_ROWS: Final[Select[Any]] = (
    select(
        notices.c.id, notices.c.atena, notices.c.unified, notices.c.file_id, person_changes.c.event,
        person_changes.c.since, person_changes.c.recorded_at, person_changes.c.disclosure, person_changes.c.key_id,
        person_changes.c.content, person_states.c.disclosure.label("disclosure_now"),
    )
    .join(person_changes, person_changes.c.id == notices.c.change_id)
    .join(person_states, person_states.c.unified == notices.c.unified, isouter=True)
    .order_by(notices.c.id)
)  # fmt: skip
_COUNT: Final = (
    select(func.count()).select_from(notices).where(notices.c.file_id == notice_files.c.id).scalar_subquery()
)
_LINES: Final = select(notice_files, _COUNT.label("records"))


class SqlNotices:
    """See `kakehashi.ports.notices.NoticeBook`. `_database`, `_write`: of the class that takes it in."""

    _database: Database

    def _write(self, work: Callable[[Connection], T]) -> T:
        raise NotImplementedError

    def note_changes(
        self, changes: Sequence[PersonChange], *, batch: int, subscribers: Sequence[Subscriber], now: datetime
    ) -> int:
        return self._write(lambda c: note_changes(c, changes, batch=batch, subscribers=subscribers, now=now))

    def notice_file(self, system: str, *, most: int, now: datetime) -> NoticeFile | None:
        found = self._database.read(lambda c: _open_file(c, system))
        if found is None and self._database.read(lambda c: c.execute(_pending(system, 1)).first()) is not None:
            found = self._write(lambda c: _open_file(c, system) or _made(c, system, most, now))
        return found

    def mark_notices(self, file_id: int, *, now: datetime) -> bool:
        mine = (notice_files.c.id == file_id) & notice_files.c.written_at.is_(None)
        mark = update(notice_files).where(mine).values(written_at=to_store(now))
        return bool(self._write(lambda c: c.execute(mark).rowcount))

    def untaken(self, system: str) -> list[NoticeLine]:
        mine = _LINES.where(notice_files.c.system == system, text(UNTAKEN), notice_files.c.written_at.is_not(None))
        return self._lines(mine.order_by(notice_files.c.id))

    def mark_taken(self, file_ids: Collection[int], *, now: datetime) -> None:
        gone = update(notice_files).where(notice_files.c.id.in_(list(file_ids)), notice_files.c.written_at.is_not(None))
        self._write(lambda c: c.execute(gone.values(taken_at=to_store(now))))

    def write_again(self, system: str, serial: int, *, note: Note) -> bool:
        lost = exists().where(
            notices.c.file_id == notice_files.c.id,
            person_changes.c.id == notices.c.change_id,
            person_changes.c.forgotten,
        )
        mine = (notice_files.c.system == system) & (notice_files.c.serial == serial)
        again = update(notice_files).where(mine, notice_files.c.written_at.is_not(None), ~lost)
        values = {"written_at": None, "taken_at": None, "actor": note.actor, "reason": note.reason}
        return bool(self._write(lambda c: c.execute(again.values(**values)).rowcount))

    def forget_notices(self, *, before: datetime) -> int:
        told = and_(notice_files.c.written_at.is_not(None), notice_files.c.written_at < to_store(before))
        needed = exists().where(
            notices.c.change_id == person_changes.c.id,
            notices.c.void_at.is_(None),
            or_(notices.c.file_id.is_(None), ~exists().where(notice_files.c.id == notices.c.file_id, told)),
        )
        old = select(person_changes.c.id).where(text(KEPT), ~needed).limit(PORTION)
        forget = update(person_changes).where(person_changes.c.id.in_(old))
        gone = forget.values(content=None, key_id=None, forgotten=True)
        if self._database.read(lambda c: c.execute(old.limit(1)).first()) is None:
            return 0
        return self._write(lambda c: c.execute(gone).rowcount)

    def notice_lines(self, system: str, *, most: int = 100) -> list[NoticeLine]:
        return self._lines(_LINES.where(notice_files.c.system == system).order_by(notice_files.c.id.desc()).limit(most))

    def _lines(self, query: Select[Any]) -> list[NoticeLine]:
        return [_line(row) for row in self._database.read(lambda c: c.execute(query).all())]

    def persons_notices(self, system: str, atena: str) -> list[tuple[NoticeRow, NoticeLine | None]]:
        mine = _ROWS.where(notices.c.system == system, notices.c.atena == atena, notices.c.void_at.is_(None))
        rows = self._database.read(lambda c: c.execute(mine).all())
        files: dict[int, NoticeLine] = {}
        for portion in portions(sorted({row.file_id for row in rows if row.file_id is not None})):
            files |= {line.id: line for line in self._lines(_LINES.where(notice_files.c.id.in_(portion)))}
        return [(_notice(row, told=False), files.get(row.file_id)) for row in rows]

    def behind(self, systems: Collection[str]) -> list[Behind]:
        return self._database.read(lambda c: _behind(c, systems))

    def note_answer(self, request_id: str, unified: str, code: str, *, now: datetime) -> None:
        row = {"at": to_store(now), "request_id": request_id, "unified": unified, "code": code}
        self._database.write(lambda c: c.execute(insert(address_answers).values(**row)))

    def answers(self, unified: str, *, most: int = 100) -> list[AddressAnswer]:
        mine = select(address_answers).where(address_answers.c.unified == unified)
        rows = self._database.read(lambda c: c.execute(mine.order_by(address_answers.c.id.desc()).limit(most)).all())
        return [AddressAnswer(from_store(row.at), row.request_id, row.code) for row in rows]

    def disclosures(self, persons: Collection[str]) -> Mapping[str, Disclosure]:
        found: dict[str, Disclosure] = {}
        for portion in portions(sorted(set(persons))):
            query = select(person_states).where(
                person_states.c.unified.in_(portion), person_states.c.disclosure.is_not(None)
            )
            rows = self._database.read(lambda c, query=query: c.execute(query).all())  # type: ignore[misc]  # bound now
            found |= {row.unified: Disclosure(row.disclosure) for row in rows}
        return found


def _pending(system: str, most: int) -> Select[tuple[int]]:
    ready = select(notices.c.id).where(notices.c.system == system, _PENDING, _READY)
    return ready.order_by(notices.c.id).limit(most)


def _open_file(connection: Connection, system: str) -> NoticeFile | None:
    unwritten = select(notice_files).where(
        notice_files.c.system == system, text(UNTAKEN), notice_files.c.written_at.is_(None)
    )
    found = connection.execute(unwritten.order_by(notice_files.c.id).limit(1)).first()
    if found is None:
        return None
    rows = connection.execute(_ROWS.where(notices.c.file_id == found.id))
    return NoticeFile(
        id=found.id,
        system=system,
        serial=found.serial,
        made_at=from_store(found.made_at),
        rows=[_notice(row) for row in rows],
    )


def _made(connection: Connection, system: str, most: int, now: datetime) -> NoticeFile | None:
    void = update(notices).where(notices.c.system == system, _PENDING, _VOID)
    connection.execute(void.values(void_at=to_store(now)))
    ready = connection.execute(_pending(system, most)).scalars().all()
    if not ready:
        return None
    last = connection.execute(select(func.max(notice_files.c.serial)).where(notice_files.c.system == system)).scalar()
    made = insert(notice_files).values(system=system, serial=(last or 0) + 1, made_at=to_store(now))
    file_id = connection.execute(made.returning(notice_files.c.id)).scalar_one()
    for portion in portions(ready):
        connection.execute(update(notices).where(notices.c.id.in_(portion)).values(file_id=file_id))
    return _open_file(connection, system)


def _notice(row: Row[Any], *, told: bool = True) -> NoticeRow:
    sealed = None if row.content is None or not told else Sealed(row.key_id, row.content)
    then, now = (None if each is None else Disclosure(each) for each in (row.disclosure, row.disclosure_now))
    return NoticeRow(
        no=row.id,
        atena=row.atena,
        unified=row.unified,
        event=row.event,
        since=None if row.since is None else date.fromordinal(row.since),
        recorded_at=from_store(row.recorded_at),
        disclosure=stricter(then, now),
        content=sealed,
    )


def _line(row: Row[Any]) -> NoticeLine:
    return NoticeLine(
        id=row.id,
        system=row.system,
        serial=row.serial,
        records=row.records,
        made_at=from_store(row.made_at),
        written_at=from_store(row.written_at),
        taken_at=from_store(row.taken_at),
        note=None if row.actor is None else Note(row.actor, row.reason),
    )


def _behind(connection: Connection, systems: Collection[str]) -> list[Behind]:
    change = person_changes.c.id == notices.c.change_id
    pending = select(notices.c.system, func.count(), func.min(person_changes.c.recorded_at)).join(
        person_changes, change
    )
    pending = pending.where(_PENDING).group_by(notices.c.system)
    everything = {system: count for system, count, _ in connection.execute(pending)}
    ready = {system: (count, oldest) for system, count, oldest in connection.execute(pending.where(_READY))}
    void = {system: count for system, count, _ in connection.execute(pending.where(_VOID))}
    voided = select(notices.c.system, func.count()).where(notices.c.void_at.is_not(None)).group_by(notices.c.system)
    over = {system: count for system, count in connection.execute(voided)}  # noqa: C416  # rows
    files: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(select(notice_files).where(text(UNTAKEN))):
        files.setdefault(row.system, []).append(row)
    found = []
    for system in sorted({*systems, *everything, *over, *files}):
        ready_now, oldest = ready.get(system, (0, None))
        times = [row.made_at if row.written_at is None else row.written_at for row in files.get(system, ())]
        times += [] if oldest is None else [oldest]
        unwritten = sum(row.written_at is None for row in files.get(system, ()))
        lapsed = void.get(system, 0)
        found.append(
            Behind(
                system=system,
                pending=everything.get(system, 0) - lapsed,
                waiting=everything.get(system, 0) - ready_now - lapsed,
                void=over.get(system, 0) + lapsed,
                unwritten=unwritten,
                untaken=len(files.get(system, ())) - unwritten,
                oldest=from_store(min(times)) if times else None,
            )
        )
    return found
