"""「番号変換」 The person numbers of a whole message, and the message with others in their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from lxml import etree

from kakehashi.domain.interface import Header, Segment
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = [
    "SLOTS",
    "beside_header",
    "person_numbers",
    "plain_texts",
    "refused_message",
    "swap_numbers",
    "swap_texts",
    "written",
]

SLOTS = frozenset({"PersonKey", "FormerKey", "After"})
"""The elements that hold a person's number, in every message: the keys of a record, and the cursor of an inventory."""


def person_numbers(root: etree._Element, names: Collection[str] = SLOTS) -> list[tuple[int, str]]:
    """(number of the record, 0 outside of any; person number) of each slot, in the order of the document."""
    return [(_record_no(slot), slot.text or "") for slot in _slots(root, names)]


def swap_numbers(
    root: etree._Element, numbers: Mapping[str, str], *, key_type: str, names: Collection[str] = SLOTS
) -> None:
    """`numbers[n]` in the place of each n, the header saying whose they are; nothing else is changed.

    Raises LookupError for a number that has none: none passes as it is.
    """
    slots = _slots(root, names)
    swapped = [numbers[slot.text or ""] for slot in slots]
    for slot, number in zip(slots, swapped, strict=True):
        slot.text = number
    swap_texts(root, {"PersonKeyType": lambda _: key_type})


def swap_texts(root: etree._Element, changes: Mapping[str, Callable[[str], str]]) -> None:
    """Other texts of the elements of these names."""
    for name, change in changes.items():
        for element in root.iter(f"{{*}}{name}"):
            element.text = change(element.text or "")


def written(root: etree._Element) -> bytes:
    """The message as it stands, with our own names; the digest of its batch is that of another one."""
    raw: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return raw


def plain_texts(element: etree._Element) -> str:
    """Every text of an element as `<name>text</name>`, without prefixes, and every value of an attribute."""
    texts = []
    for each in element.iter(etree.Element):
        texts += [f"<@>{safe_text(str(value))}</@>" for value in each.attrib.values()]
        if each.text:
            name = etree.QName(each).localname
            texts.append(f"<{name}>{safe_text(each.text)}</{name}>")
    return "".join(texts)


def beside_header(root: etree._Element) -> list[etree._Element]:
    """What a message is about."""
    return [child for child in root if etree.QName(child).localname != "Header"]


def refused_message(header: Header, code: str, records: Sequence[int] = ()) -> bytes:
    """An answer that says no: to the whole message with `code`, and to which of its records."""
    errors = "".join(f"<Error><RecordNo>{no}</RecordNo><Code>{safe_text(code)}</Code></Error>" for no in records)
    inner = f"<Errors>{errors}</Errors>" if errors else ""
    result = f"<Result><Segment>{Segment.ABNORMAL.value}</Segment><Code>{safe_text(code)}</Code>{inner}</Result>"
    return f"{open_message(header)}{result}{close_message(header)}".encode()


def _slots(root: etree._Element, names: Collection[str]) -> list[etree._Element]:
    return [slot for name in sorted(names) for slot in root.iter(f"{{*}}{name}")]


def _record_no(slot: etree._Element) -> int:
    record = next((each for each in slot.iterancestors() if each.get("no")), None)
    return 0 if record is None else int(record.get("no", "0"))
