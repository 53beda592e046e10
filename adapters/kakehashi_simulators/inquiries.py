"""「情報照会」 SKI-301 takes questions, SKI-303 gives the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kakehashi_simulators.account import Account, Past, Refusal, Request
from kakehashi_simulators.answer import Answer, new_id
from kakehashi_simulators.invention import Inventor
from kakehashi_simulators.message import NAMESPACE, individual_number_positions
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case

__all__ = ["InquiryDesk", "InquiryResultDesk"]


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
        receipt, payload = new_id(), json.dumps(open_questions).encode()
        request = Request(message.request_id, message.id, message.digest, len(numbers), receipt, payload)
        if not self.account.take(request, [], list(refused.values())):
            return self.receipts.repeated(message) or self.receipts.acknowledgement(receipt)
        return self.receipts.acknowledgement(receipt)

    def _refused(self, case: Case, numbers: list[int], questions: list[tuple[int, str, str]]) -> dict[int, Refusal]:
        """Inquiry number → refusal; later checks overrule earlier ones."""
        found: dict[int, Refusal] = {}
        for number, person, info in questions:
            if self.persons.state(person) == "no-symbol":
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
    """found with a content, not-found for a person that nobody knows, refused where the provider does not answer."""

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
        questions: list[tuple[int, str, str]] = json.loads(past.payload)
        return f"<Answers>{''.join(self._one(*question) for question in questions)}</Answers>"

    def _one(self, number: int, person: str, info: str) -> str:
        state = self.persons.state(person)
        if state == "unknown":
            return f'<Answer no="{number}"><Status>not-found</Status></Answer>'
        if state == "refusing":
            return f'<Answer no="{number}"><Status>refused</Status></Answer>'
        content = self.inventor.content(info, person)
        return f'<Answer no="{number}"><Status>found</Status><Content>{content}</Content></Answer>'
