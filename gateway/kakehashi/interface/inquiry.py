"""「情報照会」 Inquiries (SKI-301), the request for their results (SKI-303, SKI-304), and for their end (SKI-305)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["InquiryAnswer", "inquiries", "inquiry_result_request", "parse_inquiry_result"]


@dataclass(frozen=True, slots=True)
class InquiryAnswer:
    """「照会結果」 `no`: which inquiry of the message (1-based); `status`: an InquiryOutcome.

    `items`: element name → value, in order. A repeated item gives its values separated by U+001F; a reason for absence
    stands under `<code>-absent`. `url`: where the result can be fetched in place of items; who has it may read it.
    """

    no: int
    status: str
    items: Mapping[str, str]
    url: str = field(default="", repr=False)


def inquiries(header: Header, contents: Sequence[bytes], persons: Sequence[str]) -> bytes:
    """SKI-301. `contents`: the escaped elements of each inquiry after its person key in UTF-8, in the order of
    `persons`.
    """
    parts = [open_message(header).encode(), b"<Inquiries>"]
    for no, (person, content) in enumerate(zip(persons, contents, strict=True), start=1):
        key = f'<Inquiry no="{no}"><PersonKey>{safe_text(person)}</PersonKey>'
        parts += (key.encode(), content, b"</Inquiry>")
    parts += [b"</Inquiries>", close_message(header).encode()]
    return b"".join(parts)


def inquiry_result_request(header: Header, receipt: str) -> bytes:
    """SKI-303 or SKI-305: the results, or the end, of the inquiries that gave this receipt."""
    return (f"{open_message(header)}<Receipt>{safe_text(receipt)}</Receipt>{close_message(header)}").encode()


def parse_inquiry_result(root: etree._Element) -> list[InquiryAnswer]:
    """The answers of an SKI-304 that its schema accepts, in the order of the message."""
    return [_answer(element) for element in root.iterfind("{*}Answers/{*}Answer")]


def _answer(element: etree._Element) -> InquiryAnswer:
    items: dict[str, str] = {}
    for item in element.iterfind("{*}Content/*/*"):
        name = etree.QName(item).localname
        value = item.text or ""
        items[name] = f"{items[name]}\x1f{value}" if name in items else value
    return InquiryAnswer(
        no=int(element.get("no", "0")),
        status=element.findtext("{*}Status", default=""),
        items=items,
        url=element.findtext("{*}ResultUrl", default=""),
    )
