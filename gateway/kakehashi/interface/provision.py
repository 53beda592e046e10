"""「情報提供」 What waits for our decision: question (TKY-401) and pages (TKY-402); and what we answer (TKY-403)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from kakehashi.domain.interface import Header
from kakehashi.domain.provision import Inquiry
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["ProvisionPage", "parse_provisions", "provision_list_request", "provision_reply"]


@dataclass(frozen=True, slots=True)
class ProvisionPage:
    """In the order of their ids; `more`: ask again behind the last one."""

    inquiries: tuple[Inquiry, ...] = ()
    more: bool = False


def provision_list_request(header: Header, after: str) -> bytes:
    """TKY-401. `after`: the last id of the page before; empty for the first page."""
    behind = f"<AfterId>{safe_text(after)}</AfterId>" if after else ""
    return f"{open_message(header)}{behind}{close_message(header)}".encode()


def provision_reply(header: Header, provision_id: str, denial: str | None) -> bytes:
    """TKY-403. `denial`: the code that says why nothing is provided; None: it is permitted."""
    said = "<Permit/>" if denial is None else f"<Deny>{safe_text(denial)}</Deny>"
    return (
        f"{open_message(header)}<ProvisionId>{safe_text(provision_id)}</ProvisionId>{said}{close_message(header)}"
    ).encode()


def parse_provisions(root: etree._Element) -> ProvisionPage:
    """The page of a TKY-402 that its schema accepts; empty where it has none."""
    provisions = root.find("{*}Provisions")
    if provisions is None:
        return ProvisionPage()
    return ProvisionPage(tuple(map(_inquiry, provisions)), more=provisions.get("more") == "1")


def _inquiry(element: etree._Element) -> Inquiry:
    number, person, info_name, unit, affair, procedure, requester, hidden, asked, deadline = (
        field.text or "" for field in element
    )
    return Inquiry(
        provision_id=number,
        person=person,
        info_name=info_name,
        unit=unit,
        affair=affair,
        procedure=procedure,
        requester=requester,
        non_disclosure=hidden != "0",
        asked_at=datetime.fromisoformat(asked),
        deadline=datetime.fromisoformat(deadline),
    )
