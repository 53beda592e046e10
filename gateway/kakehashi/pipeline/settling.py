"""The one place that turns answers and errors into outcomes (design.md §6, result classes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.domain.interface import Answer, ResultClass
from kakehashi.domain.outcome import Accepted, Outcome, Rejected, Retryable, Unknown, Waiting, WaitingFor
from kakehashi.errors import Fault, KakehashiError, OutcomeUnknown, ServerRefused, ServerUnreachable
from kakehashi.interface.profile import Profile
from kakehashi.interface.profile_rules import Polling
from kakehashi.pipeline.inquiry_result import AS_URL
from kakehashi.pipeline.retry import RetryPolicy

__all__ = ["Settling"]

_BUSY = frozenset({408, 425, 429, 503})
_EAGER_LOOKS = 12
_RAREST = timedelta(minutes=10)
_OURS = ("SRV-", "VAL-")
_FAILURES = frozenset({ResultClass.CAPACITY, ResultClass.UNREACHABLE, ResultClass.SERVER_FAULT})

_OF_ANSWER: Mapping[str, Rejected | Waiting] = {
    InquiryOutcome.REFUSED: Rejected(Fault("SRV-012")),
    InquiryOutcome.EXPIRED: Rejected(Fault("SRV-022")),
    InquiryOutcome.CANCELLED: Rejected(Fault("REF-017")),
    InquiryOutcome.IN_PROCESS: Waiting(WaitingFor.RESULT, fault=Fault("SRV-021")),
    AS_URL: Waiting(WaitingFor.OPERATOR, fault=Fault("SRV-023")),
}
"""What stands in place of a server code where an inquiry was answered otherwise than with a result."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Reads results by the profile's map; a code that is missing there goes to an operator, never on."""

    profile: Profile
    policy: RetryPolicy
    polling: Polling

    def of_answer(
        self, answer: Answer, *, request_id: str, looks: int, attempt: int, waited: timedelta = timedelta(0)
    ) -> Outcome:
        """What an answer means for its whole batch. `attempt`: how often in a row it has failed,
        `looks`: how often in a row it was in process, this answer included; `waited`: since it was sent.
        """
        match self.profile.classify(answer.code):
            case ResultClass.DONE | ResultClass.DUPLICATE:
                after = self.poll_after(answer, looks, waited)
                return Waiting(WaitingFor.RESULT, after) if answer.receipt else Accepted()
            case ResultClass.IN_PROCESS:
                return Waiting(WaitingFor.RESULT, self.poll_after(answer, looks, waited))
            case ResultClass.DATA_ERROR:
                return Rejected(Fault("SRV-006", facts={"code": answer.code}))
            case ResultClass.CLOSED:
                fault = Fault("SRV-010", facts={"code": answer.code})
                return Waiting(WaitingFor.SERVICE_HOURS, self._retry_after(answer, ResultClass.CLOSED), fault)
            case ResultClass.UNREACHABLE:
                return self.unknown(request_id, attempt=attempt)
            case (ResultClass.CAPACITY | ResultClass.SERVER_FAULT) as result_class:
                fault = Fault("SRV-001", facts={"code": answer.code})
                split = self.profile.waits(answer.code) == "split"
                return self._retry(result_class, fault, attempt=attempt, at_least=answer.retry_after, split=split)
            case ResultClass.AUTHORITY:
                return Waiting(WaitingFor.OPERATOR, fault=Fault("SRV-006", facts={"code": answer.code}))
            case None:
                return Waiting(WaitingFor.OPERATOR, fault=Fault("SRV-008", facts={"code": answer.code}))

    def of_record(self, server_code: str) -> Rejected | Waiting:
        """What a per-record error means: back to the owner, superseded, or waiting for a symbol or an operator."""
        match self.profile.waits(server_code):
            case "symbol":
                return Waiting(WaitingFor.SYMBOL, fault=Fault("SYM-001"))
            case "household":
                return Waiting(WaitingFor.HOUSEHOLD, fault=Fault("HSH-001"))
            case "superseded":
                return Rejected(Fault("REF-002"))
            case "expired":
                return Rejected(Fault("SRV-022", facts={"code": server_code}))
        if server_code in _OF_ANSWER:
            return _OF_ANSWER[server_code]
        if self.profile.classify(server_code) is ResultClass.DATA_ERROR:
            return Rejected(Fault("SRV-005", facts={"code": server_code}))
        return Waiting(WaitingFor.OPERATOR, fault=Fault("SRV-008", facts={"code": server_code}))

    def of_error(self, error: KakehashiError, *, request_id: str, attempt: int) -> Outcome:
        """What a failed exchange means. Anything that may have reached the server is Unknown, not failed."""
        match error:
            case ServerUnreachable():
                return self._retry(ResultClass.UNREACHABLE, error.fault, attempt=attempt)
            case ServerRefused(status=status, retry_after=retry_after) if status in _BUSY:
                return self._retry(ResultClass.CAPACITY, error.fault, attempt=attempt, at_least=retry_after)
            case ServerRefused(status=413):
                return self._retry(ResultClass.CAPACITY, error.fault, attempt=attempt, split=True)
            case ServerRefused(status=status) if status < 500:
                return Waiting(WaitingFor.OPERATOR, fault=error.fault)
            case ServerRefused() | OutcomeUnknown():
                return self.unknown(request_id, attempt=attempt)
            case _:
                return Waiting(WaitingFor.OPERATOR, fault=error.fault)

    def unknown(self, request_id: str, *, attempt: int) -> Unknown:
        after = self.policy.wait(ResultClass.UNREACHABLE, attempt)
        return Unknown(request_id, after or self.polling.interval)

    def in_process(self, code: str | None) -> bool:
        """Whether a recorded answer said that the server is working on it."""
        return code is not None and self.profile.classify(code) is ResultClass.IN_PROCESS

    def failed(self, code: str | None) -> bool:
        """Whether a recorded answer was a failure that counts against the budget of retries."""
        if code is None or code.startswith(_OURS):
            return True
        return self.profile.classify(code) in _FAILURES

    def expired(self, code: str) -> bool:
        """Whether this code says that what was asked will never be answered."""
        return self.profile.waits(code) == "expired"

    def knows_request(self, answer: Answer) -> bool:
        """Whether a status answer says that the server has the request."""
        return self.knows_code(answer.code)

    def knows_code(self, code: str) -> bool:
        """Whether this code says anything else than that what was asked about is not known."""
        return self.profile.waits(code) != "unknown"

    def _retry(
        self,
        result_class: ResultClass,
        fault: Fault,
        *,
        attempt: int,
        at_least: int | None = None,
        split: bool = False,
    ) -> Retryable | Waiting:
        after = self.policy.wait(result_class, attempt)
        if after is None:
            return Waiting(WaitingFor.OPERATOR, fault=Fault("SRV-009", facts={"attempts": attempt, "last": fault.code}))
        return Retryable(max(after, timedelta(seconds=at_least or 0)), fault, split)

    def partly_over(self, waited: timedelta) -> bool:
        """Whether those inquiries of a message that are answered have waited long enough for the others."""
        return waited > self.profile.inquiries.partly

    def poll_after(self, answer: Answer, looks: int, waited: timedelta) -> timedelta:
        """When to look for a result: soon at first, then at the profile's interval, then ever more rarely."""
        polling, said = self.polling, timedelta(seconds=answer.retry_after or 0)
        if polling.grow:
            return max(said, polling.first, min(max(polling.interval, waited * polling.grow / 100), _RAREST))
        patient = min(polling.interval * 2 ** min(max(looks - _EAGER_LOOKS, 0), 20), max(_RAREST, polling.interval))
        return max(said, polling.first if looks <= 1 else patient)

    def _retry_after(self, answer: Answer, result_class: ResultClass) -> timedelta:
        if answer.retry_after:
            return timedelta(seconds=answer.retry_after)
        return self.policy.wait(result_class, 1) or timedelta(minutes=10)
