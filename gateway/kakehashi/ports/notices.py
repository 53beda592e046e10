"""The part of the link store that knows who is to be told what of whom, and who was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from kakehashi.domain.link import LinkEvent, Note
from kakehashi.domain.notice import Disclosure, Subscriber
from kakehashi.ports.sealer import Sealed

__all__ = [
    "AddressAnswer",
    "Behind",
    "NoticeBook",
    "NoticeFile",
    "NoticeLine",
    "NoticeRow",
    "NoticeWriter",
    "PersonChange",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """「異動内容」 What one row of the registry's extract says of a person.

    `since`: as the row says. `described`: keyed digests of how the row describes the person, the current key's first;
    empty: not at all. `disclosure`: None where the extract never says. `seal`: makes what the row describes fit for
    keeping; it is called only for what somebody is to be told.
    """

    unified: str
    system: str
    atena: str
    event: LinkEvent
    since: date | None
    described: tuple[bytes, ...] = ()
    disclosure: Disclosure | None = None
    seal: Callable[[], Sealed] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """「宛名通知」 One change for one number of a subscriber. `no` grows and is never given twice.

    `event`: of NOTICES. `disclosure`: the stricter of what held when it came and what holds now. `content`: what the
    change brought; None where it brought nothing, or it is kept no longer.
    """

    no: int
    atena: str
    unified: str
    event: str
    since: date | None
    recorded_at: datetime
    disclosure: Disclosure
    content: Sealed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFile:
    """「宛名通知ファイル」 What is in it is settled before its first byte is written. `serial`: of its system."""

    id: int
    system: str
    serial: int
    made_at: datetime
    rows: Sequence[NoticeRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """「通知記録」 A file in the books. `records`: notices in it; `taken_at`: when it was seen to be gone."""

    id: int
    system: str
    serial: int
    records: int
    made_at: datetime
    written_at: datetime | None
    taken_at: datetime | None
    note: Note | None = None
    """Who had it written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """「通知の遅れ」 Of one system: notices in no file, those of them that must wait (a frozen link or a held number),
    void ones (the number came to stand for somebody else), files not written, files not taken; since when the oldest
    waits that need not.
    """

    system: str
    pending: int
    waiting: int
    void: int
    unwritten: int
    untaken: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """「宛名情報応答記録」 The server's question about a person, and the code that it was answered with."""

    at: datetime
    request_id: str
    code: str


class NoticeWriter(Protocol):
    """What the rows of an extract need."""

    def note_changes(
        self, changes: Sequence[PersonChange], *, batch: int, subscribers: Sequence[Subscriber], now: datetime
    ) -> int:
        """In one transaction: what of these is news becomes a notice for each number of a subscriber that stands for
        the person (for an end: stood until its day). Returns how many notices. A batch counts once, however often it
        is repeated.

        News is an event that was not told before (`linked`: of somebody unknown), another description than the last,
        another disclosure than the last. Order of notices is order of changes.
        """


class NoticeBook(NoticeWriter, Protocol):
    """「宛名通知簿」 Each notice goes into one file of its system, each file is written before the next is made."""

    def notice_file(self, system: str, *, most: int, now: datetime) -> NoticeFile | None:
        """The oldest file that was not marked as written. Where there is none: one of up to `most` notices, made now;
        None where nothing can be told. Never of a link that is frozen, nor of a person of whom a number is held, nor
        of a number that stands for somebody else (void: it never comes again).
        """

    def mark_notices(self, file_id: int, *, now: datetime) -> bool:
        """It lies in its folder. False where that is known already."""

    def untaken(self, system: str) -> list[NoticeLine]:
        """Files that were written and not seen to be gone, oldest first."""

    def mark_taken(self, file_ids: Collection[int], *, now: datetime) -> None: ...

    def write_again(self, system: str, serial: int, *, note: Note) -> bool:
        """The file is to be written once more, as long as its contents are kept. False for one that is not there, or
        was not written yet, or is kept no longer.
        """

    def forget_notices(self, *, before: datetime) -> int:
        """What changes brought is kept no longer where every file that tells it was written before. How many."""

    def notice_lines(self, system: str, *, most: int = 100) -> list[NoticeLine]:
        """Newest first."""

    def persons_notices(self, system: str, atena: str) -> list[tuple[NoticeRow, NoticeLine | None]]:
        """What was to be told under a number, in order, and in which file it is; without content."""

    def behind(self, systems: Collection[str]) -> list[Behind]:
        """A row for each of these systems, and for each other one that has notices."""

    def note_answer(self, request_id: str, unified: str, code: str, *, now: datetime) -> None:
        """The server's question about a person gets this code for an answer: kept before it goes out."""

    def answers(self, unified: str, *, most: int = 100) -> list[AddressAnswer]:
        """What the server has asked about a person, newest first."""

    def disclosures(self, persons: Collection[str]) -> Mapping[str, Disclosure]:
        """What the registry said last; of whom it said nothing is absent."""
