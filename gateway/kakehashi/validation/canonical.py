"""Messages in a form that can be compared: canonical XML, without header and without white space between elements."""

from __future__ import annotations

from lxml import etree

from kakehashi.domain.wire_form import OUR_FORM, WireForm
from kakehashi.validation.wire_reading import with_our_names
from kakehashi.validation.xml import parse_document

__all__ = ["canonical_bodies"]

_SEVERAL = "Messages"


def canonical_bodies(document: bytes, form: WireForm = OUR_FORM) -> list[bytes]:
    """What stands beside the header of a message, as C14N 1.0 bytes, with our own names and without namespaces; of each
    child, where the root is `Messages`. `form`: how it is written.

    Raises InputError (DEC-015, DEC-016).
    """
    root = with_our_names(parse_document(document), form)
    several = etree.QName(root).localname == _SEVERAL
    return [_body(message) for message in (root if several else [root])]


def _body(message: etree._Element) -> bytes:
    for element in message.iter(etree.Element):
        element.tag = etree.QName(element).localname
        if len(element) and element.text and not element.text.strip():
            element.text = None
        if element.tail and not element.tail.strip():
            element.tail = None
    etree.cleanup_namespaces(message)
    parts = [child for child in message if etree.QName(child).localname != "Header"]
    return b"\n".join(etree.tostring(part, method="c14n") for part in parts)
