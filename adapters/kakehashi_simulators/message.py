"""A message as the simulators read it: header, records, and what identifies its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from kakehashi_simulators.number_search import holds_individual_number, may_hold_individual_number
from kakehashi_simulators.schema_folder import secure_parser
from kakehashi_simulators.wire import Unreadable

__all__ = ["NAMESPACE", "Message", "individual_number_positions", "read_message"]

NAMESPACE = "urn:kakehashi:std-2026"
_SPACES = {"k": NAMESPACE}
_NUMBERED = etree.XPath("/*/*[2]/*/@no", smart_strings=False)
_HEADER_END = b"</Header>"


@dataclass(frozen=True)
class Message:
    """One message that is well-formed XML with a header. `numbers` are the @no of its records, in order."""

    id: str
    root: etree._Element
    document: bytes
    header: dict[str, str]
    numbers: list[str]

    @property
    def request_id(self) -> str:
        return self.header["RequestId"]

    @property
    def records(self) -> int:
        """How many records there are: children of the second child, where it has any."""
        return len(self.root[1]) if len(self.root) > 1 else 0

    @property
    def strange(self) -> bool:
        """Comments, instructions, schema hints, other encodings: nothing the interface knows, and places to hide."""
        root = self.root
        beside = root.getprevious() is not None or root.getnext() is not None
        declaration = 2 if self.document.startswith(b"<?xml ") else 0
        marked = b"!" in self.document or self.document.count(b"?") > declaration  # a cheap look before the walk
        inside = marked and next(root.iter(etree.Comment, etree.ProcessingInstruction), None) is not None
        encoding = root.getroottree().docinfo.encoding
        return beside or inside or encoding not in ("UTF-8", None) or b"XMLSchema-instance" in self.document

    def texts(self, path: str) -> list[str]:
        """The text of every element at `path` below the root, with the prefix k."""
        return [str(text) for text in _strings(self.root, f"/*/{path}/text()")]

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes from </Header> to the root's end tag. With the message id it identifies the content:
        the header's time of creation differs between attempts.
        """
        begin, end = self.document.find(_HEADER_END) + len(_HEADER_END), self.document.rfind(b"</")
        return hashlib.sha256(memoryview(self.document)[begin:end]).digest()


def read_message(document: bytes) -> Message:
    """Raises Unreadable for anything that is not a message: not XML, a DOCTYPE, no header."""
    try:
        root = etree.fromstring(document, secure_parser())
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable from None
    name = etree.QName(root)
    if root.getroottree().docinfo.internalDTD is not None or name.namespace != NAMESPACE or len(name.localname) != 6:
        raise Unreadable
    header = root.find("k:Header", _SPACES)
    if header is None:
        raise Unreadable
    values = {etree.QName(element).localname: element.text or "" for element in header.iter(etree.Element)}
    if not values.get("RequestId"):
        raise Unreadable
    numbers = _NUMBERED(root)
    return Message(
        id=f"{name.localname[:3]}-{name.localname[3:]}",
        root=root,
        document=document,
        header=values,
        numbers=[str(number) for number in numbers] if isinstance(numbers, list) else [],
    )


def individual_number_positions(message: Message) -> set[int]:
    """Positions (from 0) of the records with a 個人番号 in any text."""
    if not may_hold_individual_number(message.document):
        return set()
    return {
        position
        for position, record in enumerate(message.root[1])
        if any(holds_individual_number(str(text)) for text in record.itertext())
    }


_COMPILED: dict[str, etree.XPath] = {}


def _strings(root: etree._Element, path: str) -> list[object]:
    if path not in _COMPILED:
        _COMPILED[path] = etree.XPath(path, namespaces=_SPACES, smart_strings=False)
    found = _COMPILED[path](root)
    return list(found) if isinstance(found, list) else []
