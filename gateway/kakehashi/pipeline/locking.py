"""「提供ロック送信」 What the server is to lock or unlock is said to it (DBM-209), past all queues.

The request is made of the decision alone, and its sequence makes it harmless to say it again, also from several
processes, and after its opposite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kakehashi.domain.batch import content_id
from kakehashi.domain.halt import HaltMeans, HaltOf
from kakehashi.domain.interface import ResultClass
from kakehashi.domain.outcome import Accepted, Outcome, Rejected, Retryable, Unknown, Waiting
from kakehashi.errors import ServerError
from kakehashi.failpoint import reached
from kakehashi.interface.header import request_header
from kakehashi.interface.lock import lock_request
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint, Hold
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.ports.halts import HaltBook, HaltRow
from kakehashi.validation.schema import SchemaSet

__all__ = ["Locking", "is_due"]

_LANE = "locks"
"""Under this name the server's endpoint knows it, beside the lanes."""
_MESSAGE = "DBM-209"
_OPERATOR = timedelta(minutes=10)
"""What the server refuses is said again as rarely as this: it may have been put right there."""
_MOST = timedelta(seconds=30)


def is_due(row: HaltRow, clock: Clock) -> bool:
    """Whether it is to be tried now; one that is due far ahead was postponed before the clock was set back."""
    return row.due is None or not timedelta(0) < row.due - clock.now() <= _OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """Thread-safe. `told`: hears of each decision that the server has, or does not take (with its code)."""

    book: HaltBook
    settling: Settling
    schemas: SchemaSet
    endpoint: Endpoint
    clock: Clock
    sender: str
    test: bool
    told: Callable[[HaltRow, str | None], None] = lambda _row, _code: None

    def run_once(self) -> int:
        """Says what is due; returns how much. Raises StoreError."""
        due = [row for row in self.book.waiting_halts() if row.means is HaltMeans.LOCK and is_due(row, self.clock)]
        for row in due:
            self._say(row)
        return len(due)

    def _say(self, row: HaltRow) -> None:
        sequence = row.sequence if row.lift_sequence is None else row.lift_sequence
        request_id = content_id(_MESSAGE, row.key, sequence)
        passed = self.endpoint.enter(_LANE, retry=row.code is not None)
        if isinstance(passed, Hold):
            self._later(row, passed.code, min(passed.after, _MOST))
            return
        reached("halting.found")
        try:
            outcome = self._answered(row, request_id, sequence)
        finally:
            self.endpoint.leave(passed)
        reached("halting.answered")
        match outcome:
            case Accepted():
                if self.book.told_halt(row.id, lifted=not row.lock, now=self.clock.now()):
                    self.told(row, None)
                reached("halting.noted")
            case Retryable(after=after, fault=fault):
                self._later(row, fault.code, min(after, _MOST))
            case Unknown(after=after):
                self._later(row, "SRV-003", min(after, _MOST))
            case Waiting(fault=fault) | Rejected(fault=fault):
                code = fault.code if fault else "SRV-003"
                if row.code != code:
                    self.told(row, code)
                self._later(row, code, outcome.after or _OPERATOR if isinstance(outcome, Waiting) else _OPERATOR)

    def _later(self, row: HaltRow, code: str, after: timedelta) -> None:
        self.book.postpone_halt(row.id, code=code, due=self.clock.now() + min(after, _OPERATOR))

    def _answered(self, row: HaltRow, request_id: str, sequence: int) -> Outcome:
        person, info_name = (row.key, "") if row.of is HaltOf.PERSON else ("", row.key)
        profile, now = self.settling.profile, self.clock.now()
        header = request_header(profile, _MESSAGE, request_id, sender=self.sender, test=self.test, now=now)
        document = lock_request(header, lock=row.lock, sequence=sequence, person=person, info_name=info_name)
        asking = Asking(profile=self.settling.profile, schemas=self.schemas)
        try:
            answer, _ = self.endpoint.exchange(
                _LANE, lambda: asking.exchange(self.endpoint.client, _MESSAGE, request_id, document)
            )
        except ServerError as error:
            return self.settling.of_error(error, request_id=request_id, attempt=1)
        is_so = self.settling.profile.classify(answer.code) in (ResultClass.DONE, ResultClass.DUPLICATE)
        if is_so or self.settling.profile.waits(answer.code) == "superseded":
            return Accepted()  # or a newer decision counts, which is said by itself
        return self.settling.of_answer(answer, request_id=request_id, looks=1, attempt=1)
