"""What is said about symbols, to the intermediate server and to the resident registry, and what the answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kakehashi.domain.batch import content_id
from kakehashi.domain.identifiers import ProcessNumber
from kakehashi.domain.interface import Answer, Header, ResultClass
from kakehashi.domain.outcome import Accepted, Outcome, Rejected, Retryable, Unknown, Waiting, WaitingFor
from kakehashi.domain.symbol import Blocked, LinkStatus, Refused, Silent, Unanswered
from kakehashi.errors import ServerError, ServerUnreachable
from kakehashi.interface.header import request_header
from kakehashi.interface.symbol import (
    Acquisition,
    acquisition_request,
    link_status_request,
    parse_link_status,
    parse_process_numbers,
    process_number_request,
)
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint, Hold
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.ports.symbols import AcquisitionRow
from kakehashi.validation.schema import ParsedCheck, SchemaSet

__all__ = ["LANE", "Issued", "SymbolMessages", "Trouble"]

LANE = "symbols"
"""Under this name the server's endpoint knows all of it, beside the lanes."""
_NUMBER, _FORWARD, _STATUS = "FGU-111", "FGU-121", "FGU-131"

Trouble = Refused | Blocked | Unanswered


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """「処理通番」 As it came: not sealed yet."""

    number: ProcessNumber
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolMessages:
    """Thread-safe. `registry` None: there is none to ask. `sender`: also who the registry belongs to."""

    settling: Settling
    schemas: SchemaSet
    server: Endpoint
    registry: Endpoint | None
    clock: Clock
    sender: str
    test: bool

    def request_number(self, row: AcquisitionRow) -> Issued | Trouble:
        """FGU-111: the same request in every attempt of one acquisition."""
        request_id = _request_id(_NUMBER, row)
        answered = self.said(
            self.server, _NUMBER, request_id, row.what.failures, lambda h: process_number_request(h, [row.what.person])
        )
        if not isinstance(answered, tuple):
            return answered
        answer, check = answered
        trouble = self.trouble(answer, request_id, row.what.failures)
        if trouble is not None or check.root is None:
            return trouble or Unanswered("VAL-004", timedelta(0), arrived=True)
        for given in parse_process_numbers(check.root):
            return Issued(ProcessNumber(given.process_number), datetime.fromisoformat(given.expires_at))
        return Blocked("SYM-005", answer.code)  # taken before, and not told again

    def forward(self, row: AcquisitionRow, request: Acquisition) -> Trouble | None:
        """FGU-121: the same request in every attempt. None: the registry has it."""
        assert self.registry is not None
        request_id = _request_id(_FORWARD, row)
        answered = self.said(
            self.registry, _FORWARD, request_id, row.what.failures, lambda h: acquisition_request(h, [request])
        )
        return self.trouble(answered[0], request_id, row.what.failures) if isinstance(answered, tuple) else answered

    def ask(
        self, rows: Sequence[tuple[AcquisitionRow, ProcessNumber | None]]
    ) -> Sequence[tuple[AcquisitionRow, LinkStatus | Trouble | Silent]]:
        """FGU-131: how the links of these stand. A later process number is asked about beside the person itself: an
        earlier one may have been linked late; so is any where another number's symbol may have become the person's.
        """
        relinks = self.settling.profile.merges.relinks_symbol
        persons: list[tuple[str, str | None]] = []
        places: list[tuple[int, ...]] = []
        for row, number in rows:
            asked = [(row.what.person, number)]
            asked += [(row.what.person, None)] if number is not None and (relinks or row.what.generation > 1) else []
            places.append(tuple(range(len(persons) + 1, len(persons) + 1 + len(asked))))
            persons += asked
        request_id = content_id(_STATUS, *(part for row, _ in rows for part in (row.id, row.turn)))
        failures = max(row.what.failures for row, _ in rows)
        answered = self.said(self.server, _STATUS, request_id, failures, lambda h: link_status_request(h, persons))
        if not isinstance(answered, tuple):
            return [(row, _of_question(answered)) for row, _ in rows]
        answer, check = answered
        statuses = {} if check.root is None else parse_link_status(check.root)
        if not statuses and not answer.errors:
            trouble = self.trouble(answer, request_id, failures) or Blocked("SRV-011", answer.code)
            return [(row, _of_question(trouble)) for row, _ in rows]
        codes = {error.record_no: error.code for error in answer.errors}
        return [(row, self._status(where, statuses, codes)) for (row, _), where in zip(rows, places, strict=True)]

    def _status(
        self, places: Sequence[int], statuses: Mapping[int, str], codes: Mapping[int, str]
    ) -> LinkStatus | Trouble:
        told = [self._told(place, statuses, codes) for place in places]
        return LinkStatus.LINKED if LinkStatus.LINKED in told else told[0]

    def _told(self, place: int, statuses: Mapping[int, str], codes: Mapping[int, str]) -> LinkStatus | Trouble:
        """A person of whom the server knows nothing has no symbol; a process number that it does not know is dead."""
        if place in statuses:
            return LinkStatus(statuses[place])
        code = codes.get(place, "")
        if not self.settling.knows_code(code):
            return LinkStatus.FAILED
        if self.settling.profile.classify(code) is ResultClass.DATA_ERROR:
            return LinkStatus.PENDING
        return Blocked("SYM-009", code)

    def said(
        self, endpoint: Endpoint, message_id: str, request_id: str, failures: int, build: Callable[[Header], bytes]
    ) -> tuple[Answer, ParsedCheck] | Trouble:
        """A message and its answer. `build`: the document, of its header."""
        passed = endpoint.enter(LANE, retry=failures > 0)
        if isinstance(passed, Hold):
            return Unanswered(passed.code, passed.after, arrived=False, counts=False)
        asking = Asking(profile=self.settling.profile, schemas=self.schemas)
        document = build(self._header(endpoint, message_id, request_id))
        try:
            return endpoint.exchange(LANE, lambda: asking.exchange(endpoint.client, message_id, request_id, document))
        except ServerError as error:
            outcome = self.settling.of_error(error, request_id=request_id, attempt=failures + 1)
            return self._of(outcome, arrived=not isinstance(error, ServerUnreachable), server_code=None)
        finally:
            endpoint.leave(passed)

    def trouble(self, answer: Answer, request_id: str, failures: int) -> Trouble | None:
        """Why a message about one person was not taken; None: it was."""
        for error in answer.errors:
            return self.of_record(error.code)
        if self.settling.profile.classify(answer.code) in (ResultClass.DONE, ResultClass.DUPLICATE):
            return None
        outcome = self.settling.of_answer(answer, request_id=request_id, looks=1, attempt=failures + 1)
        return self._of(outcome, arrived=True, server_code=answer.code)

    def of_record(self, code: str) -> Refused | Blocked | None:
        """Why one person of a message was not taken; None: it was, before."""
        match self.settling.profile.classify(code):
            case ResultClass.DUPLICATE:
                return None
            case ResultClass.DATA_ERROR:
                return Refused("SYM-009", code)
            case _:
                return Blocked("SYM-009", code)

    def _of(self, outcome: Outcome, *, arrived: bool, server_code: str | None) -> Trouble:
        match outcome:
            case Retryable(after=after, fault=fault):
                return Unanswered(fault.code, after, arrived=arrived)
            case Waiting(what=WaitingFor.SERVICE_HOURS, after=after) if after is not None:
                return Unanswered("SRV-010", after, arrived=False, counts=False)
            case Waiting(after=after) if after is not None:
                return Unanswered("SRV-003", after, arrived=True)
            case Unknown(after=after):
                return Unanswered("SRV-003", after, arrived=True)
            case Waiting(fault=fault) | Rejected(fault=fault):
                return Blocked(fault.code if fault else "SRV-008", server_code)
            case Accepted():
                return Unanswered("SRV-003", timedelta(0), arrived=True)

    def _header(self, endpoint: Endpoint, message_id: str, request_id: str) -> Header:
        return request_header(
            self.settling.profile,
            message_id,
            request_id,
            sender=self.sender,
            test=self.test,
            now=self.clock.now(),
            receiver=self.sender if endpoint is self.registry else None,
        )


def _of_question(trouble: Trouble) -> Trouble | Silent:
    return Silent(trouble.code, trouble.after, trouble.counts) if isinstance(trouble, Unanswered) else trouble


def _request_id(message_id: str, row: AcquisitionRow) -> str:
    """Made of what an acquisition keeps, also in a ledger that was restored: the same in every attempt."""
    return content_id(message_id, row.what.person, row.created_at.isoformat(), row.what.generation)
