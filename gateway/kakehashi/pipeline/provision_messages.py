"""What is said to the server about inquiries that wait for our decision, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from kakehashi.domain.batch import content_id
from kakehashi.domain.interface import Answer, ResultClass
from kakehashi.domain.outcome import Accepted, Outcome, Rejected, Retryable, Unknown, Waiting, WaitingFor
from kakehashi.errors import Fault, OutcomeUnknown, ServerError, ServerRefused, ServerUnreachable
from kakehashi.interface.provision import ProvisionPage, parse_provisions, provision_list_request, provision_reply
from kakehashi.interface.system import status_request
from kakehashi.pipeline.correspondence import Correspondence
from kakehashi.ports.provisions import ProvisionRow

__all__ = ["LANE", "Heard", "ProvisionMessages", "Word", "request_of"]

LANE = "provisions"
"""Under this name the server's endpoint knows all of it, beside the lanes."""
_LIST, _REPLY, _STATUS = "TKY-401", "TKY-403", "SYM-911"


class Word(Enum):
    """What the server's answer, or the lack of one, says about our reply."""

    TAKEN = "replied"
    REFUSED = "refused"
    SILENT = "silent"
    NOT_TAKEN = "not-taken"


class Heard(NamedTuple):
    """`after`: when to say or ask again; `counts`: whether it is a failure."""

    word: Word
    code: str = ""
    server_code: str | None = None
    after: timedelta = timedelta(0)
    counts: bool = True


def request_of(row: ProvisionRow) -> str:
    """The request id of a reply: the same in every attempt of one decision."""
    return content_id(_REPLY, row.what.inquiry.provision_id, row.what.generation)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionMessages(Correspondence):
    """Of what waits for our decision."""

    lane: str = LANE

    def pages(self) -> Iterator[ProvisionPage]:
        """Everything that waits, page by page. Raises ServerError; SRV-007 for a page that does not go on."""
        after, more = "", True
        while more:
            request_id = content_id(_LIST, after, self.clock.now().isoformat())
            document = provision_list_request(self.header(_LIST, request_id), after)
            answer, check = self.exchanged(_LIST, request_id, document)
            if self.settling.profile.classify(answer.code) is not ResultClass.DONE or check.root is None:
                raise OutcomeUnknown(Fault("SRV-006", facts={"code": answer.code}))
            page = parse_provisions(check.root)
            last = page.inquiries[-1].provision_id if page.inquiries else ""
            if page.more and last <= after:
                raise OutcomeUnknown(Fault("SRV-007", facts={"message": _LIST}))
            yield page
            after, more = last, page.more

    def reply(self, row: ProvisionRow) -> Heard:
        """TKY-403."""
        request_id = request_of(row)
        document = provision_reply(self.header(_REPLY, request_id), row.what.inquiry.provision_id, row.what.denial)
        try:
            answer, _ = self.exchanged(_REPLY, request_id, document)
        except ServerError as error:
            outcome = self.settling.of_error(error, request_id=request_id, attempt=row.what.failures + 1)
            return _heard(outcome, None, arrived=not isinstance(error, ServerUnreachable | ServerRefused))
        result_class = self.settling.profile.classify(answer.code)
        if result_class in (ResultClass.DONE, ResultClass.DUPLICATE):
            return Heard(Word.TAKEN, server_code=answer.code)
        if result_class is ResultClass.DATA_ERROR:
            return Heard(Word.REFUSED, "PRV-007", answer.code)
        return _heard(self._outcome(answer, row), answer.code, arrived=result_class is ResultClass.SERVER_FAULT)

    def ask(self, row: ProvisionRow) -> Heard:
        """SYM-911: whether the server has our reply. What says nothing about it is silence."""
        request_id = content_id(_STATUS, request_of(row), row.turn)
        document = status_request(self.header(_STATUS, request_id), request_of(row))
        try:
            answer, _ = self.exchanged(_STATUS, request_id, document)
        except ServerError as error:
            return Heard(Word.SILENT, error.fault.code, after=self._later(row))
        if not self.settling.knows_request(answer):
            if self.settling.profile.messages[_REPLY].idempotent:
                return Heard(Word.NOT_TAKEN, "SRV-003", answer.code)
            return Heard(Word.REFUSED, "PRV-006", answer.code)
        if self.settling.profile.classify(answer.code) in (ResultClass.DONE, ResultClass.DUPLICATE):
            return Heard(Word.TAKEN, server_code=answer.code)
        return Heard(Word.SILENT, "SRV-003", answer.code, self._later(row))

    def _later(self, row: ProvisionRow) -> timedelta:
        return self.settling.unknown(request_of(row), attempt=row.what.failures + 1).after

    def _outcome(self, answer: Answer, row: ProvisionRow) -> Outcome:
        return self.settling.of_answer(answer, request_id=request_of(row), looks=1, attempt=row.what.failures + 1)


def _heard(outcome: Outcome, server_code: str | None, *, arrived: bool) -> Heard:
    """`arrived`: it may have been taken for all that."""
    match outcome:
        case Retryable(after=after, fault=fault):
            return Heard(Word.SILENT if arrived else Word.NOT_TAKEN, fault.code, server_code, after)
        case Waiting(what=WaitingFor.SERVICE_HOURS, after=after) if after is not None:
            return Heard(Word.NOT_TAKEN, "SRV-010", server_code, after, counts=False)
        case Waiting(after=after) if after is not None:
            return Heard(Word.SILENT, "SRV-003", server_code, after)
        case Unknown(after=after):
            return Heard(Word.SILENT, "SRV-003", server_code, after)
        case Waiting(fault=fault) | Rejected(fault=fault):
            return Heard(Word.REFUSED, fault.code if fault else "SRV-008", server_code)
        case Accepted():
            return Heard(Word.TAKEN, server_code=server_code)
