"""What systems are told of persons, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kakehashi.domain.link import Note
from kakehashi.domain.notice import ENDING, Disclosure, Subscriber
from kakehashi.ports.notice_rules import Told, stricter
from kakehashi.ports.notices import AddressAnswer, Behind, NoticeFile, NoticeLine, NoticeRow, PersonChange
from kakehashi.ports.sealer import Sealed

__all__ = ["MemoryNotices"]


@dataclass(slots=True)
class _Change:
    disclosure: Disclosure | None
    content: Sealed | None
    forgotten: bool = False


@dataclass(slots=True)
class _Notice:
    row: NoticeRow
    subscriber: Subscriber
    change: _Change
    ending: bool
    serial: int | None = None
    void: bool = False

    @property
    def pending(self) -> bool:
        return self.serial is None and not self.void


@dataclass(slots=True)
class _Book:
    told: Told = field(default_factory=Told)
    batches: set[int] = field(default_factory=set)
    notices: list[_Notice] = field(default_factory=list)
    files: dict[str, list[NoticeLine]] = field(default_factory=dict)
    made: int = 0
    answers: list[tuple[str, AddressAnswer]] = field(default_factory=list)


class MemoryNotices:
    """See `kakehashi.ports.notices.NoticeBook`; of the class that takes it in: `_is_held`, and what a number stands for
    (`_stands`: the person and whether it is frozen) or stood for (`_numbers_of`, with the day of their end;
    `_has_ended`: by the registry's word).
    """

    def __init__(self) -> None:
        self._notice_lock = threading.RLock()
        self._book = _Book()

    def _move_notices(self, old: str, new: str, moved: set[tuple[str, str]]) -> None:
        for each in self._book.notices:
            row = each.row
            if each.pending and row.unified == old and (each.subscriber.numbers, row.atena) in moved:
                each.row = replace(row, unified=new)

    def _is_held(self, unified: str) -> bool:
        raise NotImplementedError

    def _stands(self, system: str, atena: str) -> tuple[str, bool] | None:
        raise NotImplementedError

    def _numbers_of(self, unified: str) -> list[tuple[str, str, date | None]]:
        raise NotImplementedError

    def _has_ended(self, system: str, atena: str, unified: str) -> bool:
        raise NotImplementedError

    def note_changes(
        self, changes: Sequence[PersonChange], *, batch: int, subscribers: Sequence[Subscriber], now: datetime
    ) -> int:
        with self._notice_lock:
            if batch in self._book.batches:
                return 0
            self._book.batches.add(batch)
            news = [(change, event) for change in changes if (event := self._book.told.judge(change)) is not None]
            before = len(self._book.notices)
            for change, event in news:
                self._notify(change, event, [each for each in subscribers if each.wants(event)], now)
            return len(self._book.notices) - before

    def _notify(self, change: PersonChange, event: str, subscribers: Sequence[Subscriber], now: datetime) -> None:
        day, ending = change.since or now.date(), change.event in ENDING
        numbers = sorted(
            {
                (system, atena)
                for system, atena, until in self._numbers_of(change.unified)
                if until is None or (ending and until >= day)
            }
        )
        wanted = [(each, atena) for each in subscribers for system, atena in numbers if system == each.numbers]
        sealed = change.seal() if wanted and change.seal is not None else None
        kept = _Change(change.disclosure, sealed)
        for subscriber, atena in wanted:
            row = NoticeRow(
                no=len(self._book.notices) + 1, atena=atena, unified=change.unified, event=event, since=change.since,
                recorded_at=now, disclosure=Disclosure.UNKNOWN, content=None,
            )  # fmt: skip
            self._book.notices.append(_Notice(row, subscriber, kept, ending))

    def _ready(self, each: _Notice) -> bool:
        found = self._stands(each.subscriber.numbers, each.row.atena)
        if not each.pending or self._is_held(each.row.unified) or self._lapsed(each):
            return False
        return found is None or not found[1]

    def _lapsed(self, each: _Notice) -> bool:
        found = self._stands(each.subscriber.numbers, each.row.atena)
        if found is not None:
            return found[0] != each.row.unified
        return not each.ending and not self._has_ended(each.subscriber.numbers, each.row.atena, each.row.unified)

    def notice_file(self, system: str, *, most: int, now: datetime) -> NoticeFile | None:
        with self._notice_lock:
            lines = self._book.files.setdefault(system, [])
            line = next((each for each in lines if each.written_at is None), None)
            mine = [each for each in self._book.notices if each.subscriber.system == system]
            if line is None:
                ready = [each for each in mine if self._ready(each)][:most]
                if not ready:
                    return None
                for each in mine:
                    each.void = each.void or (each.pending and self._lapsed(each))
                self._book.made += 1
                line = NoticeLine(
                    id=self._book.made, system=system, serial=len(lines) + 1, records=len(ready), made_at=now,
                    written_at=None, taken_at=None,
                )  # fmt: skip
                lines.append(line)
                for each in ready:
                    each.serial = line.serial
            rows = [self._told_row(each) for each in mine if each.serial == line.serial]
            return NoticeFile(id=line.id, system=system, serial=line.serial, made_at=line.made_at, rows=rows)

    def _told_row(self, each: _Notice, *, content: bool = True) -> NoticeRow:
        now = self._book.told.states[each.row.unified].disclosure
        disclosure = stricter(each.change.disclosure, now)
        return replace(each.row, disclosure=disclosure, content=each.change.content if content else None)

    def _set(self, ids: Iterable[int], **values: datetime | Note | None) -> int:
        """Of written or unwritten files, by `written_at` among the values."""
        done, ids = 0, set(ids)
        for lines in self._book.files.values():
            for place, line in enumerate(lines):
                if line.id in ids:
                    lines[place] = replace(line, **values)  # type: ignore[arg-type]  # fields of a line
                    done += 1
        return done

    def mark_notices(self, file_id: int, *, now: datetime) -> bool:
        with self._notice_lock:
            open_ids = {line.id for lines in self._book.files.values() for line in lines if line.written_at is None}
            return bool(self._set({file_id} & open_ids, written_at=now))

    def untaken(self, system: str) -> list[NoticeLine]:
        with self._notice_lock:
            lines = self._book.files.get(system, [])
            return [line for line in lines if line.written_at is not None and line.taken_at is None]

    def mark_taken(self, file_ids: Collection[int], *, now: datetime) -> None:
        with self._notice_lock:
            written = {line.id for lines in self._book.files.values() for line in lines if line.written_at is not None}
            self._set(written & set(file_ids), taken_at=now)

    def write_again(self, system: str, serial: int, *, note: Note) -> bool:
        with self._notice_lock:
            lines = [line for line in self._book.files.get(system, []) if line.serial == serial and line.written_at]
            told = [e for e in self._book.notices if e.subscriber.system == system and e.serial == serial]
            if any(each.change.forgotten for each in told):
                return False
            return bool(self._set({line.id for line in lines}, written_at=None, taken_at=None, note=note))

    def forget_notices(self, *, before: datetime) -> int:
        with self._notice_lock:
            written = {
                (system, line.serial)
                for system, lines in self._book.files.items()
                for line in lines
                if line.written_at is not None and line.written_at < before
            }
            needed = {
                id(each.change)
                for each in self._book.notices
                if not each.void and (each.subscriber.system, each.serial) not in written
            }
            kept = {id(each.change): each.change for each in self._book.notices if each.change.content}
            old = {key: change for key, change in kept.items() if key not in needed}
            for change in old.values():
                change.content, change.forgotten = None, True
            return len(old)

    def notice_lines(self, system: str, *, most: int = 100) -> list[NoticeLine]:
        with self._notice_lock:
            return list(reversed(self._book.files.get(system, [])))[:most]

    def persons_notices(self, system: str, atena: str) -> list[tuple[NoticeRow, NoticeLine | None]]:
        with self._notice_lock:
            lines = {line.serial: line for line in self._book.files.get(system, [])}
            return [
                (self._told_row(each, content=False), None if each.serial is None else lines[each.serial])
                for each in self._book.notices
                if each.subscriber.system == system and each.row.atena == atena and not each.void
            ]

    def behind(self, systems: Collection[str]) -> list[Behind]:
        with self._notice_lock:
            known = {each.subscriber.system for each in self._book.notices}
            return [self._behind(system) for system in sorted({*systems, *known})]

    def _behind(self, system: str) -> Behind:
        mine = [each for each in self._book.notices if each.subscriber.system == system]
        lines = [line for line in self._book.files.get(system, []) if line.taken_at is None]
        ready = [each for each in mine if self._ready(each)]
        lapsed = [each for each in mine if each.pending and self._lapsed(each)]
        pending = [each for each in mine if each.pending]
        times = [line.written_at or line.made_at for line in lines] + [each.row.recorded_at for each in ready]
        return Behind(
            system=system,
            pending=len(pending) - len(lapsed),
            waiting=len(pending) - len(ready) - len(lapsed),
            void=sum(each.void for each in mine) + len(lapsed),
            unwritten=sum(line.written_at is None for line in lines),
            untaken=sum(line.written_at is not None for line in lines),
            oldest=min(times, default=None),
        )

    def note_answer(self, request_id: str, unified: str, code: str, *, now: datetime) -> None:
        with self._notice_lock:
            self._book.answers.append((unified, AddressAnswer(now, request_id, code)))

    def answers(self, unified: str, *, most: int = 100) -> list[AddressAnswer]:
        with self._notice_lock:
            return [answer for person, answer in reversed(self._book.answers) if person == unified][:most]

    def disclosures(self, persons: Collection[str]) -> Mapping[str, Disclosure]:
        with self._notice_lock:
            states = {person: self._book.told.states.get(person) for person in persons}
            return {p: s.disclosure for p, s in states.items() if s is not None and s.disclosure is not None}
