"""Functions that the gateway only passes on: 「自己情報提供」 JTK, 「お知らせ」 OSR, 「セキュリティ管理」 SCM."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi_simulators.account import Account
from kakehashi_simulators.answer import Answer
from kakehashi_simulators.persons import Persons
from kakehashi_simulators.server import Case

__all__ = ["NoticeDesk", "OwnInformationDesk", "RightsDesk"]

_UNITS = (
    "SELECT e.unit FROM effects e LEFT JOIN blocked b ON b.person = e.person AND b.info = e.info AND b.unit = e.unit"
    " AND b.sequence = e.sequence WHERE e.person = ? AND e.info = ? AND e.operation <> 'delete' AND e.sequence ="
    " (SELECT max(sequence) FROM effects n WHERE n.person = e.person AND n.info = e.info AND n.unit = e.unit)"
    " AND coalesce(b.undisclosed, 0) = 0 ORDER BY e.unit"
)
_OURS = "9999"
"""How departments begin that may do something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnInformationDesk:
    """JTK-601: of which years there is something that may be shown to the person."""

    account: Account
    persons: Persons

    def answer(self, case: Case) -> Answer:
        (person,), (info,) = case.message.texts("k:PersonKey"), case.message.texts("k:InfoName")
        if self.persons.state(person) == "unknown":
            return Answer.refused("4003")
        with self.account.lock:
            rows = self.account.connection.execute(_UNITS, (person, info)).fetchall()
        units = "".join(f"<Unit>{unit}</Unit>" for (unit,) in rows)
        told = f"<PersonKey>{person}</PersonKey><InfoName>{info}</InfoName>{units}"
        return Answer(segment=1, code="0000", extra=f"<OwnInformation>{told}</OwnInformation>")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDesk:
    """OSR-701: the id of a notice is that of its request, so that the same one is registered once."""

    persons: Persons

    def answer(self, case: Case) -> Answer:
        (person,) = case.message.texts("k:PersonKey")
        if self.persons.state(person) == "unknown":
            return Answer.refused("4003")
        told = f"<NoticeId>{case.message.request_id}</NoticeId><PersonKey>{person}</PersonKey>"
        return Answer(segment=1, code="0000", extra=f"<Notice>{told}</Notice>")


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsDesk:
    """SCM-801: what a department may do."""

    def answer(self, case: Case) -> Answer:
        (department,) = case.message.texts("k:Department")
        functions = ("DBM", "SKI", "TKY") if department.startswith(_OURS) else ()
        told = "".join(f"<Function>{each}</Function>" for each in functions)
        return Answer(segment=1, code="0000", extra=f"<Functions>{told}</Functions>")
