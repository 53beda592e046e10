"""What is said to the server about records of exchanges, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kakehashi.domain.batch import content_id
from kakehashi.domain.exchange_record import ExchangeRecord, WithholdingState
from kakehashi.domain.interface import ResultClass
from kakehashi.domain.outcome import Rejected, Retryable, Waiting
from kakehashi.errors import ConfigurationError, Fault, OutcomeUnknown, ServerError
from kakehashi.interface.exchange_record import RecordPage, parse_records, record_list_request, withholding_request
from kakehashi.interface.system import status_request
from kakehashi.pipeline.correspondence import Correspondence
from kakehashi.pipeline.endpoint import Hold
from kakehashi.ports.exchange_records import WithholdingRow

__all__ = ["RecordMessages", "Said", "request_of"]

_LANE = "exchange-records"
_LIST, _SAY, _STATUS = "TKM-501", "TKM-503", "SYM-911"
_SO = (ResultClass.DONE, ResultClass.DUPLICATE)


class Said(NamedTuple):
    """What became of a word about a record; open: nobody knows, or the server will hear it later."""

    state: WithholdingState
    code: str | None = None
    server_code: str | None = None


def request_of(row: WithholdingRow) -> str:
    """The request id of one decision: the same in every attempt."""
    return content_id(_SAY, row.record_id, row.withheld or "", row.placed_at.isoformat(), row.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMessages(Correspondence):
    """Asks for a pass of the endpoint by itself."""

    lane: str = _LANE

    def records(self, person: str, first: date, last: date) -> Iterator[ExchangeRecord]:
        """Of one person, from day to day, both included; in the order of their ids. Raises ServerError, SRV-007 for a
        page that does not go on or tells of somebody else; ConfigurationError(REC-004).
        """
        self._require(_LIST)
        after, more = "", True
        while more:
            page = self._page(person, first, last, after)
            ids = [each.record_id for each in page.records]
            strange = any(each.person != person for each in page.records) or ids != sorted(set(ids))
            if strange or (ids and ids[0] <= after) or (page.more and not ids):
                raise OutcomeUnknown(Fault("SRV-007", facts={"message": _LIST}))
            yield from page.records
            after, more = ids[-1] if ids else "", page.more

    def require_withholding(self) -> None:
        """Raises ConfigurationError(REC-004) for a profile that has no such message."""
        self._require(_SAY)

    def say(self, row: WithholdingRow) -> Said:
        """TKM-503."""
        request_id = request_of(row)
        document = withholding_request(self.header(_SAY, request_id), row.person, row.record_id, row.withheld)
        try:
            with self._passed():
                answer, _ = self.exchanged(_SAY, request_id, document)
        except ServerError as error:
            return Said(WithholdingState.OPEN, error.fault.code)
        if self.settling.profile.classify(answer.code) in _SO:
            return Said(WithholdingState.DONE, None, answer.code)
        match self.settling.of_answer(answer, request_id=request_id, looks=1, attempt=1):
            case Rejected():
                return Said(WithholdingState.REFUSED, "REC-001", answer.code)
            case Waiting(after=None, fault=fault):
                return Said(WithholdingState.REFUSED, fault.code if fault else "REC-001", answer.code)
            case Retryable(fault=Fault() as fault) | Waiting(fault=Fault() as fault):
                return Said(WithholdingState.OPEN, fault.code, answer.code)
            case _:
                return Said(WithholdingState.OPEN, "SRV-003", answer.code)

    def ask(self, row: WithholdingRow) -> Said | None:
        """SYM-911: whether the server has it. None: it certainly has not, and it may be said again."""
        request_id = content_id(_STATUS, request_of(row), self.clock.now().isoformat())
        document = status_request(self.header(_STATUS, request_id), request_of(row))
        try:
            with self._passed():
                answer, _ = self.exchanged(_STATUS, request_id, document)
        except ServerError as error:
            return Said(WithholdingState.OPEN, error.fault.code)
        if not self.settling.knows_request(answer):
            if self.settling.profile.messages[_SAY].idempotent:
                return None
            return Said(WithholdingState.REFUSED, "REC-003", answer.code)
        if self.settling.profile.classify(answer.code) in _SO:
            return Said(WithholdingState.DONE, None, answer.code)
        return Said(WithholdingState.OPEN, "SRV-003", answer.code)

    def _page(self, person: str, first: date, last: date, after: str) -> RecordPage:
        request_id = content_id(_LIST, person, after, self.clock.now().isoformat())
        document = record_list_request(self.header(_LIST, request_id), person, first, last, after)
        with self._passed():
            answer, check = self.exchanged(_LIST, request_id, document)
        if self.settling.profile.classify(answer.code) is not ResultClass.DONE or check.root is None:
            raise ServerError("SRV-006", code=answer.code)
        return parse_records(check.root)

    def _require(self, message_id: str) -> None:
        if message_id not in self.settling.profile.messages:
            raise ConfigurationError([Fault("REC-004", facts={"message": message_id})])

    @contextmanager
    def _passed(self) -> Iterator[None]:
        passed = self.server.enter(self.lane, retry=False)
        if isinstance(passed, Hold):
            raise ServerError(passed.code)
        try:
            yield
        finally:
            self.server.leave(passed)
