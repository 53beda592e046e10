"""「副本登録」 DBM-201/203 take changes, DBM-205 tells what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from kakehashi_simulators.account import Account, Change, Refusal, Request
from kakehashi_simulators.answer import Answer, new_id
from kakehashi_simulators.message import NAMESPACE, Message, individual_number_positions
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case

__all__ = ["ReplicaDesk", "ReplicaResultDesk"]

_REFUSED_PERSON = {"unknown": "4003", "no-symbol": "4007", "stale": "4009"}
_OTHER_CONTENT = etree.XPath(
    "/*/k:Records/k:Record[k:Content and concat(k:InfoName, 'v', k:LayoutVersion) != local-name(k:Content/*)]/@no",
    namespaces={"k": NAMESPACE},
    smart_strings=False,
)


_OTHER_OPERATION = etree.XPath(
    "/*/k:Records/k:Record[boolean(k:Content) = (@operation = 'delete')]/@no",
    namespaces={"k": NAMESPACE},
    smart_strings=False,
)


class _Row(NamedTuple):
    """Elements of a Record."""

    PersonKey: str
    InfoName: str
    LayoutVersion: str
    Unit: str
    Sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaDesk:
    """Takes a message whole; refuses records one by one, the gravest fault of each."""

    account: Account
    persons: Persons
    receipts: Receipts

    def answer(self, case: Case) -> Answer:
        message = case.message
        repeated = self.receipts.repeated(message)
        if repeated is not None:
            return repeated
        rows = _rows(case)
        refused = self._refused(case, rows)
        operations = [record.get("operation", "") for record in message.root[1]]
        changes = [
            Change(number, row.PersonKey, row.InfoName, row.Unit, row.Sequence, operation)
            for number, row, operation in zip(map(int, message.numbers), rows, operations, strict=True)
            if number not in refused
        ]
        past = self.receipts.forgotten(message)
        if past is not None:
            self.account.take_again(past, changes)
            return self.receipts.acknowledgement(past.receipt)
        receipt = new_id()
        request = Request(message.request_id, message.id, message.digest, len(rows), receipt)
        if not self.account.take(request, changes, list(refused.values())):
            return self.receipts.repeated(message) or Answer.refused("9001")  # another connection was faster
        return self.receipts.acknowledgement(receipt)

    def _refused(self, case: Case, rows: list[_Row]) -> dict[int, Refusal]:
        """Record number → refusal. The later a check stands here the graver: it overrules the ones before."""
        numbers = [int(number) for number in case.message.numbers]
        found: dict[int, Refusal] = {}
        for number, row in zip(numbers, rows, strict=True):
            code = _REFUSED_PERSON.get(self.persons.state(row.PersonKey))
            if code:
                found[number] = Refusal(number, None, code)
        for number in _numbers(_OTHER_CONTENT, case.message):
            found[number] = Refusal(number, None, "4002")
        for number in _numbers(_OTHER_OPERATION, case.message):
            found[number] = Refusal(number, "Content", "4001")
        for violation in case.violations:
            number = numbers[violation.position or 0]
            found[number] = Refusal(number, violation.item, violation.code)
        for number, row in zip(numbers, rows, strict=True):
            if (row.InfoName, row.LayoutVersion) not in case.checker.layouts:
                found[number] = Refusal(number, None, "5002")
        for position in individual_number_positions(case.message):
            found[numbers[position]] = Refusal(numbers[position], None, "4005")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaResultDesk:
    """In process until the delay is over, then the same final answer for ever."""

    account: Account
    receipts: Receipts

    def answer(self, case: Case) -> Answer:
        past, answer = self.receipts.asked(case.message, "DBM-201", "DBM-203")
        if past is None:
            return answer or Answer.refused("9404")
        return Answer(segment=1, code="0000", accepted=past.accepted, errors=self.account.refusals(past.id))


def _rows(case: Case) -> list[_Row]:
    """The key fields of every record; in columns, which is faster, where the schema vouches for every record."""
    message = case.message
    if not any(violation.code == "4001" for violation in case.violations):
        columns = [message.texts(f"k:Records/k:Record/k:{name}") for name in _Row._fields]
        return [_Row(*row) for row in zip(*columns, strict=True)]
    return [
        _Row(*(record.findtext(f"{{{NAMESPACE}}}{name}", "") for name in _Row._fields)) for record in message.root[1]
    ]


def _numbers(path: etree.XPath, message: Message) -> list[int]:
    """Numbers of the records that `path` finds: a content of another layout than they say (_OTHER_CONTENT), or a
    content with a deletion and none with a registration (_OTHER_OPERATION).
    """
    found = path(message.root)
    return [int(str(number)) for number in found] if isinstance(found, list) else []
