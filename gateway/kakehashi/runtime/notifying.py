"""「宛名通知」 What befell persons goes to each subscribed system, once, in order, in its own format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from kakehashi.codec.layout import Role
from kakehashi.config.model import Configuration, NoticeContext, Subscription
from kakehashi.domain.notice import Disclosure
from kakehashi.errors import InputError, KakehashiError, StoreError
from kakehashi.failpoint import reached
from kakehashi.pipeline.noticing import notice_context
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink
from kakehashi.ports.links import LinkStore
from kakehashi.ports.notices import NoticeFile, NoticeLine, NoticeRow
from kakehashi.ports.sealer import Sealer
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet, Rest

__all__ = ["Forgetting", "Notifying", "notifyings"]

_LOOK = timedelta(seconds=1)
_FORGET = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Notifying:
    """Of one system. What a file holds and its name follow from the store: who crashes writes the same again. A folder
    that fails, or is not emptied, is this system's own trouble: nobody else waits, and nothing is lost.
    """

    subscription: Subscription
    sink: Sink
    links: LinkStore
    sealer: Sealer
    clock: Clock
    events: EventLog
    quiet: Quiet
    _rest: Rest = field(default_factory=Rest, init=False)
    _next: datetime | None = field(default=None, init=False)

    @property
    def system(self) -> str:
        return self.subscription.subscriber.system

    def run_once(self) -> int:
        """See which files were taken, and write the next one. Returns how many were written. Raises StoreError."""
        now = self.clock.now()
        if not self._rest.is_over(now) or (self._next is not None and now < self._next <= now + _LOOK):
            return 0
        try:
            written = self._step(now)
        except StoreError:
            raise
        except KakehashiError as error:
            self._rest = self._rest.again(now)
            if self.quiet.may_speak(f"notices {self.system}"):
                self.events.emit("notices.failed", system=self.system, code=error.fault.code)
            return 0
        self._rest = Rest()
        self._next = None if written else now + _LOOK
        return written

    def _step(self, now: datetime) -> int:
        settings = self.subscription.settings
        lying = self._see_taken(now)
        if settings.most_untaken and lying >= settings.most_untaken:
            return 0
        if self._is_early(now):
            return 0
        file = self.links.notice_file(self.system, most=settings.most, now=now)
        if file is None:
            return 0
        reached("notices.chosen")
        name = self._name(file.serial, file.made_at)
        written = _Written(self, file, name)
        self.sink.deliver(name, written.chunks())
        reached("notices.written")
        if self.links.mark_notices(file.id, now=self.clock.now()):
            counts = {"records": len(file.rows), "degraded": written.degraded, "unfit": written.unfit}
            self.events.emit("notices.written", system=self.system, file=name, **counts)
        return 1

    def _see_taken(self, now: datetime) -> int:
        """How many still lie there; 0 where its reader leaves them."""
        lines = self.links.untaken(self.system)
        names = {self._name(line.serial, line.made_at): line for line in lines}
        left = self.sink.lying(names) if self.subscription.settings.most_untaken and names else set()
        gone = [line.id for name, line in names.items() if name not in left]
        if gone:
            self.links.mark_taken(gone, now=now)
        return len(left)

    def _is_early(self, now: datetime) -> bool:
        """Whether the next file would be made too soon after the last one; one that is made already is not."""
        every = timedelta(seconds=self.subscription.settings.every_seconds)
        last: list[NoticeLine] = self.links.notice_lines(self.system, most=1) if every else []
        return bool(last) and last[0].written_at is not None and timedelta(0) <= now - last[0].made_at < every

    def _name(self, serial: int, made_at: datetime) -> str:
        return self.subscription.settings.pattern.format(serial=f"{serial:06d}", date=made_at.strftime("%Y%m%d"))


class _Written:
    """One file on its way. `degraded`: characters that were replaced; `unfit`: notices whose values did not fit."""

    def __init__(self, notifying: Notifying, file: NoticeFile, name: str) -> None:
        self._notifying = notifying
        self._plan = notifying.subscription.plan
        self._file = file
        self._whole = NoticeContext(
            count=len(file.rows),
            file=name,
            date=file.made_at.strftime("%Y%m%d"),
            system=file.system,
            serial=file.serial,
        )
        self.degraded = 0
        self.unfit = 0

    def chunks(self) -> Iterator[bytes]:
        encoder = self._plan.encoder
        yield encoder.prologue
        yield from self._record(Role.HEADER, self._whole)
        for number, row in enumerate(self._file.rows, start=1):
            yield from self._notice(number, row)
        yield from self._record(Role.TRAILER, self._whole)
        yield from self._record(Role.END, self._whole)
        yield encoder.epilogue

    def _notice(self, number: int, row: NoticeRow) -> Iterator[bytes]:
        """A value that does not fit its item leaves out all that the change brought, not the notice."""
        try:
            yield from self._record(Role.DATA, self._described(self._context(number, row), row))
        except InputError as error:
            self.unfit += 1
            self._notifying.events.emit(
                "notices.unfit",
                system=self._file.system,
                file=self._whole.file,
                record=number,
                item=error.fault.place.item,
                code=error.fault.code,
            )
            yield from self._record(Role.DATA, replace(self._context(number, row), code=error.fault.code))

    def _described(self, context: NoticeContext, row: NoticeRow) -> NoticeContext:
        if row.content is None or row.disclosure is not Disclosure.OPEN:
            return context
        told = json.loads(self._notifying.sealer.open(row.content, context=notice_context(row.unified)))
        return replace(
            context,
            name=(told["names"] or [""])[0],
            kana=(told["kana"] or [""])[0],
            birth=told["birth"] or "",
            sex=told["sex"] or "",
            address=told["address"] or "",
        )

    def _context(self, number: int, row: NoticeRow) -> NoticeContext:
        return replace(
            self._whole,
            record_no=number,
            notice_no=row.no,
            atena=row.atena,
            event=row.event,
            since=row.since.isoformat() if row.since else "",
            disclosure=row.disclosure.value,
        )

    def _record(self, role: Role, context: NoticeContext) -> Iterator[bytes]:
        record = self._plan.record(role)
        if record is not None:
            fitted, lost = self._plan.fitting.fit(record.name, record.row(None, context))
            self.degraded += sum(loss.times for loss in lost)
            yield self._plan.encoder.write(record.name, fitted)


@dataclass(slots=True, kw_only=True)
class Forgetting:
    """What notices held is kept for `keep` after they were written, so that a file can be written again."""

    links: LinkStore
    clock: Clock
    keep: timedelta
    _next: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        now = self.clock.now()
        if self._next is not None and now < self._next <= now + _FORGET:
            return 0
        done = self.links.forget_notices(before=now - self.keep)
        self._next = None if done else now + _FORGET
        return done


def notifyings(
    configuration: Configuration,
    sink: Callable[[Path], Sink],
    *,
    links: LinkStore,
    sealer: Sealer,
    clock: Clock,
    events: EventLog,
    quiet: Quiet,
) -> list[Notifying]:
    """One for each system that is told."""
    return [
        Notifying(
            subscription=each,
            sink=sink(configuration.notice_folder(each)),
            links=links,
            sealer=sealer,
            clock=clock,
            events=events,
            quiet=quiet,
        )
        for each in configuration.subscriptions.values()
    ]
