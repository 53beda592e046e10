"""Fetches what waits for our decision, and replies what was decided: written down, said, and what was answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kakehashi.domain.provision import (
    OPEN,
    Inquiry,
    Needs,
    Provision,
    ProvisionState,
    expired,
    listed_again,
    not_taken,
    opened,
    refused,
    silent,
    taken,
    unlisted,
)
from kakehashi.errors import ServerError
from kakehashi.failpoint import reached
from kakehashi.pipeline.endpoint import Hold
from kakehashi.pipeline.provision_messages import LANE, Heard, ProvisionMessages, Word, request_of
from kakehashi.ports.clock import Clock
from kakehashi.ports.provisions import ProvisionBook, ProvisionEntry, ProvisionRow

__all__ = ["Providing"]

_AT_ONCE = 50
_ALL = 1_000_000
_NOT_SAID = sorted(OPEN - {ProvisionState.SENT})
"""What the deadline or the server's list ends: of what was said, the server is asked."""


@dataclass(kw_only=True)
class Providing:
    """For one thread; several processes may share the store. `told` hears of each that came into another state,
    `failed` of a list that could not be fetched. `patience`: until an exchange that was begun has certainly ended.
    """

    store: ProvisionBook
    messages: ProvisionMessages
    clock: Clock
    needs: Callable[[Inquiry], Needs]
    every: timedelta
    patience: timedelta
    told: Callable[[ProvisionRow], None] = lambda _: None
    failed: Callable[[str], None] = lambda _: None
    _fetched: datetime | None = field(default=None, init=False)

    def run_once(self) -> int:
        """Returns how much was done. Raises StoreError."""
        now = self.clock.now()
        done = 0
        if self._fetched is None or not timedelta(0) <= now - self._fetched < self.every:
            self._fetched = now
            done += self.fetch()
        return done + self._expire() + self._work()

    def fetch(self) -> int:
        """One whole list. What it does not tell any more is closed; a list that breaks off closes nothing."""
        passed = self.messages.server.enter(LANE, retry=False)
        if isinstance(passed, Hold):
            return 0
        began, listed = self.clock.now(), dict[str, Inquiry]()
        try:
            for page in self.messages.pages():
                reached("provisions.listed")
                self._add(page.inquiries)
                listed.update((each.provision_id, each) for each in page.inquiries)
        except ServerError as error:
            self.failed(error.fault.code)
            return 0
        finally:
            self.messages.server.leave(passed)
        reached("provisions.added")
        return self._compare(listed, began)

    def _add(self, inquiries: tuple[Inquiry, ...]) -> None:
        numbers = [each.provision_id for each in inquiries]
        before = self.store.known_provisions(numbers)
        if not self.store.add_provisions(inquiries, now=self.clock.now()):
            return
        for number, row in self.store.known_provisions(numbers).items():
            if number not in before:
                self.told(row)

    def _compare(self, listed: dict[str, Inquiry], began: datetime) -> int:
        done = 0
        for number, row in self.store.known_provisions(list(listed)).items():
            again = listed_again(row.what, listed[number], asked_at=began, now=self.clock.now())
            done += again != row.what and self._move(row, again, "listed-again") is not None
        for row in self.store.provisions(states=_NOT_SAID, most=_ALL):
            if row.what.inquiry.provision_id in listed or row.created_at > began:
                continue
            ended = unlisted(row.what, self.clock.now())
            done += self._move(row, ended, ended.state.value) is not None
        return done

    def _expire(self) -> int:
        now, done = self.clock.now(), 0
        for row in self.store.provisions(states=_NOT_SAID, most=_AT_ONCE):
            if row.what.inquiry.deadline <= now:
                done += self._move(row, expired(row.what, now), "expired") is not None
        return done

    def _work(self) -> int:
        """What was decided is said, what was said without an answer is asked about."""
        return sum(self._step(row) for row in self.store.due_provisions(most=_AT_ONCE, now=self.clock.now()))

    def _step(self, row: ProvisionRow) -> bool:
        sending = opened(row.what, self.needs(row.what.inquiry), patience=self.patience, now=self.clock.now())
        if not (sending.ask or sending.say):
            return self._move(row, sending.what, sending.what.state.value) is not None
        passed = self.messages.server.enter(LANE, retry=row.what.failures > 0)
        if isinstance(passed, Hold):
            return False
        try:
            moved = self._move(row, sending.what, "sending" if sending.say else "asking", request=request_of(row))
            if moved is None:
                return False
            reached("provisions.intended")
            heard = self.messages.reply(moved) if sending.say else self.messages.ask(moved)
            reached("provisions.answered")
        finally:
            self.messages.server.leave(passed)
        self._hear(moved, heard)
        reached("provisions.moved")
        return True

    def _hear(self, row: ProvisionRow, heard: Heard) -> None:
        now = self.clock.now()
        match heard.word:
            case Word.TAKEN:
                what = taken(row.what, now)
            case Word.REFUSED:
                what = refused(row.what, heard.code, heard.server_code, now)
            case Word.SILENT:
                what = silent(row.what, heard.code, heard.after, now, counts=heard.counts)
            case Word.NOT_TAKEN:
                what = not_taken(row.what, heard.code, heard.after, now, counts=heard.counts)
        self._move(row, what, heard.word.value, request=request_of(row), heard=heard)

    def _move(
        self, row: ProvisionRow, what: Provision, did: str, *, request: str | None = None, heard: Heard | None = None
    ) -> ProvisionRow | None:
        """None when somebody else has gone on with it meanwhile: then it is theirs."""
        entry = ProvisionEntry(
            at=self.clock.now(),
            what=did,
            state=what.state,
            code=(heard.code if heard else what.code) or None,
            server_code=heard.server_code if heard else None,
            request_id=request,
        )
        if not self.store.move_provision(row.id, turn=row.turn, what=what, entry=entry):
            return None
        moved = replace(row, turn=row.turn + 1, what=what)
        if what.state is not row.what.state:
            self.told(moved)
        return moved
