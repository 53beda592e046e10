"""「宛名情報」 The server asks for a person's current address information (TKY-411), the body answers (TKY-412)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from kakehashi.domain.interface import Header, Segment
from kakehashi.interface.header import close_message, header_of, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["AddressInformation", "address_answer", "parse_address_request"]

_ELEMENTS = {"name": "Name", "kana": "Kana", "birth": "Birth", "sex": "Sex", "address": "Address"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AddressInformation:
    """「宛名情報」 As the registry described the person last; "" where it said nothing."""

    name: str = ""
    kana: str = ""
    birth: str = ""
    sex: str = ""
    address: str = ""


def parse_address_request(root: etree._Element) -> tuple[Header, str]:
    """Header and 団体内統合宛名番号 of a TKY-411 ("" where its schema would refuse it).

    Raises LookupError or ValueError for one without a header.
    """
    return header_of(root), root.findtext("{*}PersonKey") or ""


def address_answer(header: Header, code: str, found: AddressInformation | None) -> bytes:
    """TKY-412; without information it is a refusal."""
    segment = Segment.ABNORMAL if found is None else Segment.NORMAL
    result = f"<Result><Segment>{segment.value}</Segment><Code>{safe_text(code)}</Code></Result>"
    told = ""
    if found is not None:
        texts = ((element, getattr(found, name)) for name, element in _ELEMENTS.items())
        rows = "".join(f"<{element}>{safe_text(text)}</{element}>" for element, text in texts if text)
        told = f"<AddressInformation>{rows}</AddressInformation>"
    return f"{open_message(header)}{result}{told}{close_message(header)}".encode()
