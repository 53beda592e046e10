"""「副本登録」 DBM-201/203 take changes, DBM-205 tells what became of them, DBM-207 what stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from kakehashi_simulators.account import Account, Change, Refusal, Request
from kakehashi_simulators.answer import Answer, new_id
from kakehashi_simulators.distribution import Distribution
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.groups import fellows_of
from kakehashi_simulators.message import NAMESPACE, Message, individual_number_positions
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case

__all__ = ["InventoryDesk", "ReplicaDesk", "ReplicaResultDesk"]

_REFUSED_PERSON = {"unknown": "4003", "no-symbol": "4007", "stale": "4009"}
_INVENTORY_PAGE = 10_000
_VALID_TO = f"{{{NAMESPACE}}}ValidTo"
_FLAGS = ("NonDisclosure", "AutoResponseBlocked")
_MARKS = tuple(f"<{name}>1".encode() for name in _FLAGS)
"""As our own gateway writes them: a cheap look before the walk."""


class _Row(NamedTuple):
    """A Record. `content`: the tag of the layout element in its Content; None without a Content."""

    person: str
    info: str
    version: str
    unit: str
    sequence: str
    operation: str
    group: str
    content: str | None

    @property
    def contradiction(self) -> tuple[str | None, str] | None:
        """(item, code) when a registration has no content, a deletion has one, or it is one of another layout."""
        if (self.content is None) != (self.operation == "delete"):
            return "Content", "4001"
        if self.content is not None and self.content != f"{{{NAMESPACE}}}{self.info}v{self.version}":
            return None, "4002"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaDesk:
    """Takes a message whole; refuses records one by one, the gravest fault of each, and with one its group (4018)."""

    account: Account
    persons: Persons
    receipts: Receipts
    distribution: Distribution
    faults: Faults

    def answer(self, case: Case) -> Answer:
        message, parts_groups = case.message, self.faults.now.part_groups
        repeated = self.receipts.repeated(message)
        if repeated is not None:
            return repeated
        rows = _rows(case)
        refused = self._refused(case, rows)
        if refused and not parts_groups:
            versions = {number: row.group for number, row in zip(map(int, message.numbers), rows, strict=True)}
            refused |= {number: Refusal(number, None, "4018") for number in fellows_of(refused, versions)}
        changes = [
            Change(number, row.person, row.info, row.unit, row.sequence, row.operation, row.group)
            for number, row in zip(map(int, message.numbers), rows, strict=True)
            if number not in refused
        ]
        past = self.receipts.forgotten(message)
        if past is not None:
            self.account.take_again(past, changes)
            return self.receipts.acknowledgement(past.receipt)
        receipt = new_id()
        request = Request(message.request_id, message.id, message.digest, len(rows), receipt)
        marked = _blocked(message, changes)
        if not self.account.take(request, changes, list(refused.values()), marked, parts_groups=parts_groups):
            return self.receipts.repeated(message) or Answer.refused("9001")  # another connection was faster
        return self.receipts.acknowledgement(receipt)

    def _refused(self, case: Case, rows: list[_Row]) -> dict[int, Refusal]:
        """Record number → refusal. The later a check stands here the graver: it overrules the ones before."""
        numbers = [int(number) for number in case.message.numbers]
        found: dict[int, Refusal] = {}
        for number, row in zip(numbers, rows, strict=True):
            state = self.persons.state(row.person)
            code = "4007" if state == "parted" and row.operation != "delete" else _REFUSED_PERSON.get(state)
            if code:
                found[number] = Refusal(number, None, code)
            contradiction = row.contradiction
            if contradiction:
                found[number] = Refusal(number, *contradiction)
        for violation in case.violations:
            number = numbers[violation.position or 0]
            found[number] = Refusal(number, violation.item, violation.code)
        taken = self.distribution.taken(case.checker.layouts)
        for number, row in zip(numbers, rows, strict=True):
            if (row.info, row.version) not in taken:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDesk:
    """「副本一覧」 What stands, a page a question."""

    account: Account

    def answer(self, case: Case) -> Answer:
        (info,), after = case.message.texts("k:InfoName"), "".join(case.message.texts("k:After"))
        rows = self.account.inventory(info, after, _INVENTORY_PAGE)
        replicas = "".join(
            f"<Replica><PersonKey>{person}</PersonKey><Unit>{unit}</Unit><Sequence>{sequence}</Sequence></Replica>"
            for person, unit, sequence in rows
        )
        more = int(len(rows) >= _INVENTORY_PAGE)
        return Answer(segment=1, code="0000", extra=f'<Inventory more="{more}">{replicas}</Inventory>')


def _blocked(message: Message, changes: Sequence[Change]) -> dict[Change, bool]:
    """Those of 自動応答不可 or 不開示, and whether they are the latter."""
    if not any(mark in message.document for mark in _MARKS):
        return {}
    records = dict(zip(map(int, message.numbers), message.root[1], strict=True))
    found: dict[Change, bool] = {}
    for change in changes:
        hidden, blocked = (records[change.record].findtext(f"{{{NAMESPACE}}}{name}") == "1" for name in _FLAGS)
        if hidden or blocked:
            found[change] = hidden
    return found


def _rows(case: Case) -> list[_Row]:
    """Every record; by position, which is faster, where the schema vouches for every one."""
    read = _searched if any(violation.code == "4001" for violation in case.violations) else _counted
    return [read(record) for record in case.message.root[1]]


def _counted(record: etree._Element) -> _Row:
    sequence, last = record[5], record[-1]
    if sequence.tag == _VALID_TO:
        sequence = record[6]
    texts = record[0].text, record[1].text, record[2].text, record[3].text, sequence.text
    person, info, version, unit, number = [text or "" for text in texts]
    content = str(last[0].tag) if len(last) else None
    return _Row(person, info, version, unit, number, record.get("operation", ""), record.get("group", ""), content)


def _searched(record: etree._Element) -> _Row:
    names = ("PersonKey", "InfoName", "LayoutVersion", "Unit", "Sequence")
    person, info, version, unit, sequence = [record.findtext(f"{{{NAMESPACE}}}{name}", "") for name in names]
    content = record.find(f"{{{NAMESPACE}}}Content")
    tag = None if content is None else next((str(child.tag) for child in content), "")
    operation, group = record.get("operation", ""), record.get("group", "")
    return _Row(person, info, version, unit, sequence, operation, group, tag)
