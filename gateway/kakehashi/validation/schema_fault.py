"""Turns libxml2's schema errors into faults: record, item, kind of error. Its texts quote the data and stay here."""

from __future__ import annotations

import re

from lxml import etree

from kakehashi.domain.wire_form import OUR_FORM, WireForm
from kakehashi.errors import Fault, Place

__all__ = ["RECORD_LISTS", "fault_of_entry", "record_of"]

RECORD_LISTS = frozenset({"Records", "Inquiries", "Answers", "Persons", "Numbers", "Acquisitions", "Links", "Layouts"})
"""The elements, children of the root, whose children are the records of a message, by our own names."""

_EXPECTED = re.compile(r"Expected is [^(]*\( (?:##other)?\{[^}]*\}([A-Za-z][A-Za-z0-9]{0,39})(?:-absent)?[,. )]")
_KINDS = (
    ("PATTERN", "pattern"),
    ("ENUMERATION", "enumeration"),
    ("LENGTH", "length"),
    ("DIGITS", "digits"),
    ("DATATYPE", "type"),
    ("ELEMENT_CONTENT", "element"),
    ("COMPLEX_TYPE", "structure"),
    ("CVC_TYPE", "type"),
)


def fault_of_entry(entry: etree._LogEntry, root: etree._Element, form: WireForm) -> tuple[int | None, Fault]:
    """(position of the record or None, its fault) of a message as it is on the wire. An item is named, by our name,
    only if the schema knows it.
    """
    element = _element(entry, root)
    kind = next((kind for mark, kind in _KINDS if mark in entry.type_name), "schema")
    expected = _EXPECTED.search(entry.message)
    if expected:
        item: str | None = form.our_element(expected[1])
    elif element is None or kind in {"element", "structure", "schema"}:
        item = None
    else:
        item = form.our_element(etree.QName(element).localname)
    index = None if element is None else record_of(element, root, form)
    return index, Fault("VAL-001", Place(item=item), {"facet": kind})


def record_of(element: etree._Element, root: etree._Element, form: WireForm = OUR_FORM) -> int | None:
    """The position (0-based) of the record that an element belongs to."""
    record: etree._Element | None = element
    parent = element.getparent()
    while parent is not None and record is not None:
        if parent.getparent() is root:
            is_list = form.our_element(etree.QName(parent).localname) in RECORD_LISTS
            return parent.index(record) if is_list else None
        record, parent = parent, parent.getparent()
    return None


def _element(entry: etree._LogEntry, root: etree._Element) -> etree._Element | None:
    """The element that libxml2's path names, counted in this very document."""
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found = root.getroottree().xpath(entry.path or "/*", namespaces=prefixes)
    except etree.XPathError:
        return None
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, etree._Element) else None  # noqa: SLF001  # lxml's public element type
