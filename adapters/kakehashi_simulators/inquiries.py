"""「情報照会」 SKI-301 takes questions, SKI-303 gives the answers, SKI-305 ends what has none yet."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kakehashi_simulators.account import Account, Past, Refusal, Request
from kakehashi_simulators.answer import Answer, new_id
from kakehashi_simulators.invention import Inventor
from kakehashi_simulators.message import NAMESPACE, individual_number_positions
from kakehashi_simulators.persons import NO_SYMBOL, Persons
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case

__all__ = ["CancelDesk", "InquiryDesk", "InquiryResultDesk", "state_of"]

_WITHOUT_CONTENT = {"unknown": "not-found", "refusing": "refused", "slow": "in-process", "expired": "expired"}
"""State of a person → what an answer says that holds nothing else."""
_PARTIES = ("AffairCode", "ProcedureCode", "ProviderAgency")


def state_of(persons: Persons, person: str) -> str:
    """What an answer about this person says."""
    state = persons.state(person)
    return _WITHOUT_CONTENT.get(state, "partial" if state == "partial" else "found")


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryDesk:
    """Refuses inquiries one by one; the others wait with their person and information name."""

    account: Account
    persons: Persons
    receipts: Receipts
    inventor: Inventor

    def answer(self, case: Case) -> Answer:
        message = case.message
        repeated = self.receipts.repeated(message)
        if repeated is not None:
            return repeated
        numbers = [int(number) for number in message.numbers]
        questions = [
            (
                number,
                inquiry.findtext(f"{{{NAMESPACE}}}PersonKey", ""),
                inquiry.findtext(f"{{{NAMESPACE}}}InfoName", ""),
            )
            for number, inquiry in zip(numbers, message.root[1], strict=True)
        ]
        refused = self._refused(case, numbers, questions)
        open_questions = [question for question in questions if question[0] not in refused]
        parties = {
            number: [inquiry.findtext(f"{{{NAMESPACE}}}{name}", "") for name in _PARTIES]
            for number, inquiry in zip(numbers, message.root[1], strict=True)
        }
        kept = [(*question, *parties[question[0]]) for question in open_questions]
        receipt, payload = new_id(), json.dumps(kept).encode()
        request = Request(message.request_id, message.id, message.digest, len(numbers), receipt, payload)
        if not self.account.take(request, [], list(refused.values())):
            return self.receipts.repeated(message) or self.receipts.acknowledgement(receipt)
        return self.receipts.acknowledgement(receipt)

    def _refused(self, case: Case, numbers: list[int], questions: list[tuple[int, str, str]]) -> dict[int, Refusal]:
        """Inquiry number → refusal; later checks overrule earlier ones."""
        found: dict[int, Refusal] = {}
        for number, person, info in questions:
            if self.persons.state(person) in NO_SYMBOL:
                found[number] = Refusal(number, None, "4007")
            if not self.inventor.knows(info):
                found[number] = Refusal(number, None, "5002")
        for violation in case.violations:
            number = numbers[violation.position or 0]
            found[number] = Refusal(number, violation.item, violation.code)
        for position in individual_number_positions(case.message):
            found[numbers[position]] = Refusal(numbers[position], None, "4005")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryResultDesk:
    """What became of each: as the state of its person says, unless it was cancelled before."""

    account: Account
    persons: Persons
    receipts: Receipts
    inventor: Inventor

    def answer(self, case: Case) -> Answer:
        past, answer = self.receipts.asked(case.message, "SKI-301")
        if past is None:
            return answer or Answer.refused("9404")
        errors = self.account.refusals(past.id)
        return Answer(segment=1, code="0000", accepted=past.accepted, errors=errors, extra=self._answers(past))

    def _answers(self, past: Past) -> str:
        cancelled = self.account.cancelled(past.id)
        told = (
            (number, _told("cancelled") if number in cancelled else self._one(person, info))
            for number, person, info in _questions(past)
        )
        answers = "".join(f'<Answer no="{number}">{one}</Answer>' for number, one in told)
        return f"<Answers>{answers}</Answers>"

    def _one(self, person: str, info: str) -> str:
        state = self.persons.state(person)
        if state in _WITHOUT_CONTENT:
            return _told(_WITHOUT_CONTENT[state])
        if state == "by-url":
            return _told("found", f"<ResultUrl>https://results.invalid/{new_id()}</ResultUrl>")
        content = self.inventor.content(info, person, sparse=state == "partial")
        return _told("partial" if state == "partial" else "found", f"<Content>{content}</Content>")


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDesk:
    """SKI-305: ends what is not answered yet; 4013 when all of it is."""

    account: Account
    persons: Persons
    receipts: Receipts

    def answer(self, case: Case) -> Answer:
        past = self.receipts.behind(case.message, "SKI-301")
        if past is None:
            return Answer.refused("9404")
        waits = bool(self.receipts.seconds_left(past))
        before = self.account.cancelled(past.id)
        ended = [
            number
            for number, person, _ in _questions(past)
            if number not in before and (waits or self.persons.state(person) == "slow")
        ]
        if not ended:
            return Answer.refused("4013")
        self.account.cancel(past.id, ended)
        return Answer(segment=1, code="0000", accepted=len(ended))


def _questions(past: Past) -> list[tuple[int, str, str]]:
    """Number in the message, person and information of those that were not refused at once."""
    return [(number, person, info) for number, person, info, *_ in json.loads(past.payload)]


def _told(status: str, more: str = "") -> str:
    return f"<Status>{status}</Status>{more}"
