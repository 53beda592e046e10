"""「情報提供等記録」 Question (TKM-501) and pages (TKM-502); and what is shown to the person of them (TKM-503)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from kakehashi.domain.exchange_record import ExchangeRecord, RecordKind
from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["RecordPage", "parse_records", "record_list_request", "withholding_request"]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """In the order of their ids; `more`: ask again behind the last one."""

    records: tuple[ExchangeRecord, ...] = ()
    more: bool = False


def record_list_request(header: Header, person: str, first: date, last: date, after: str) -> bytes:
    """TKM-501. Both days are included. `after`: the last id of the page before; empty for the first page."""
    behind = f"<AfterId>{safe_text(after)}</AfterId>" if after else ""
    return (
        f"{open_message(header)}<PersonKey>{safe_text(person)}</PersonKey>"
        f"<From>{first.isoformat()}</From><To>{last.isoformat()}</To>{behind}{close_message(header)}"
    ).encode()


def withholding_request(header: Header, person: str, record_id: str, code: str | None) -> bytes:
    """TKM-503. `code`: why the person is not shown the record; None: it is shown."""
    said = "<Disclose/>" if code is None else f"<Withhold>{safe_text(code)}</Withhold>"
    return (
        f"{open_message(header)}<PersonKey>{safe_text(person)}</PersonKey>"
        f"<RecordId>{safe_text(record_id)}</RecordId>{said}{close_message(header)}"
    ).encode()


def parse_records(root: etree._Element) -> RecordPage:
    """The page of a TKM-502 that its schema accepts; empty where it has none."""
    records = root.find("{*}Records")
    if records is None:
        return RecordPage()
    return RecordPage(tuple(map(_record, records)), more=records.get("more") == "1")


def _record(element: etree._Element) -> ExchangeRecord:
    texts = {etree.QName(field).localname: field.text or "" for field in element}
    return ExchangeRecord(
        record_id=texts["RecordId"],
        person=texts["PersonKey"],
        at=datetime.fromisoformat(texts["At"]),
        kind=RecordKind(texts["Kind"]),
        counterpart=texts["Counterpart"],
        affair=texts["AffairCode"],
        procedure=texts["ProcedureCode"],
        info_name=texts["InfoName"],
        outcome=InquiryOutcome(texts["Outcome"]),
        reference=texts.get("Reference"),
        withheld=texts.get("Withheld"),
    )
