"""「符号取得」 Requests for process numbers (FGU-111), symbols at the registry (FGU-121), the link (FGU-131)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = [
    "Acquisition",
    "ProcessNumberAnswer",
    "acquisition_request",
    "link_status_request",
    "parse_link_status",
    "parse_process_numbers",
    "process_number_request",
]


@dataclass(frozen=True, slots=True, repr=False)
class Acquisition:
    """「符号取得依頼」 One person, for the resident registry, by 住民票コード or 個人番号: exactly one of them."""

    process_number: str
    resident_record_code: str | None = None
    individual_number: str | None = None

    @property
    def person(self) -> str:
        if self.individual_number is not None:
            return f"<IndividualNumber>{safe_text(self.individual_number)}</IndividualNumber>"
        return f"<ResidentRecordCode>{safe_text(self.resident_record_code or '')}</ResidentRecordCode>"


@dataclass(frozen=True, slots=True, repr=False)
class ProcessNumberAnswer:
    """「処理通番」 `no`: which person of the request (1-based); `expires_at` as written, Japan time."""

    no: int
    process_number: str
    expires_at: str


def process_number_request(header: Header, persons: Sequence[str]) -> bytes:
    """FGU-111 for these 団体内統合宛名番号."""
    bodies = [f"<PersonKey>{safe_text(person)}</PersonKey>" for person in persons]
    return _listed(header, "Persons", "Person", bodies)


def acquisition_request(header: Header, requests: Sequence[Acquisition]) -> bytes:
    """FGU-121, to the resident registry."""
    bodies = [f"<ProcessNumber>{safe_text(each.process_number)}</ProcessNumber>{each.person}" for each in requests]
    return _listed(header, "Acquisitions", "Acquisition", bodies)


def link_status_request(header: Header, persons: Sequence[tuple[str, str | None]]) -> bytes:
    """FGU-131 for (団体内統合宛名番号, process number or None)."""
    bodies = [
        f"<PersonKey>{safe_text(person)}</PersonKey>"
        + (f"<ProcessNumber>{safe_text(number)}</ProcessNumber>" if number else "")
        for person, number in persons
    ]
    return _listed(header, "Persons", "Person", bodies)


def parse_process_numbers(root: etree._Element) -> list[ProcessNumberAnswer]:
    """The numbers of an FGU-112 that its schema accepts."""
    return [
        ProcessNumberAnswer(
            int(element.get("no", "0")),
            element.findtext("{*}ProcessNumber", default=""),
            element.findtext("{*}ExpiresAt", default=""),
        )
        for element in root.iterfind("{*}Numbers/{*}Number")
    ]


def parse_link_status(root: etree._Element) -> dict[int, str]:
    """Number in the request (1-based) → linked, pending or failed, of an FGU-132 that its schema accepts."""
    links = root.iterfind("{*}Links/{*}Link")
    return {int(element.get("no", "0")): element.findtext("{*}Status", default="") for element in links}


def _listed(header: Header, group: str, name: str, bodies: Sequence[str]) -> bytes:
    rows = "".join(f'<{name} no="{no}">{body}</{name}>' for no, body in enumerate(bodies, start=1))
    return f"{open_message(header)}<{group}>{rows}</{group}>{close_message(header)}".encode()
