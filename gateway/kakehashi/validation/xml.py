"""The one XML parser for messages. Everything that an attacker could use is refused before anything iterates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from kakehashi.errors import Fault, InputError, Place

__all__ = ["DEFAULT_LIMITS", "Limits", "parse_document", "parse_for_schema", "refuse_deep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on one document, in bytes and counts. `attributes` includes namespace declarations."""

    size: int = 64_000_000
    elements: int = 2_000_000
    attributes: int = 60_000
    depth: int = 12


DEFAULT_LIMITS = Limits()

_SHORTEST_ELEMENT = len("<a/>")
_SHORTEST_ATTRIBUTE = len(' a=""')
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PLAIN_PROLOG = re.compile(rb"(?:<\?[^>]*\?>\s*)*<[A-Za-z_]")
_BOM = b"\xef\xbb\xbf"


def parse_document(document: bytes, *, limits: Limits = DEFAULT_LIMITS) -> etree._Element:
    """The root of a UTF-8 document without a document type declaration.

    Raises InputError: DEC-016 for a document type declaration, another encoding or a broken cap; DEC-015 for what is
    not well formed (with its line, never the parser's text, which quotes the data). Thread-safe.
    """
    root = parse_for_schema(document, limits=limits)
    refuse_deep(root, limits=limits)
    return root


def parse_for_schema(document: bytes, *, limits: Limits = DEFAULT_LIMITS) -> etree._Element:
    """As `parse_document`, but without the cap on depth, which a schema sets by itself for what it accepts.

    What the schema refuses goes through `refuse_deep` before anybody walks in it. (libxml2 never nests deeper than
    2,048 and validates without recursion.)
    """
    _refuse(document, limits)
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as error:
        raise InputError(Fault("DEC-015", facts={"line": error.lineno or 0})) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused("doctype")
    return root


def refuse_deep(root: etree._Element, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raises InputError (DEC-016) when an element stands deeper than the cap; does not recurse."""
    if etree.XPath(f"boolean({'/*' * (limits.depth + 1)})")(root):
        raise _refused("depth")


def _refuse(document: bytes, limits: Limits) -> None:
    """Everything that can be told from the bytes. A short document cannot break the caps that are counted."""
    size = len(document)
    if size > limits.size:
        raise _refused("size")
    start = document[: len(_BOM) + 200].removeprefix(_BOM)
    declared = _DECLARED_ENCODING.match(start)
    if not start.startswith(b"<") or b"\0" in document or (declared and declared[1].lower() not in {b"utf-8", b"utf8"}):
        raise _refused("encoding")
    if not _PLAIN_PROLOG.match(start) and b"<!DOCTYPE" in document:
        raise _refused("doctype")
    if size > limits.elements * _SHORTEST_ELEMENT and document.count(b"<") > 2 * limits.elements:
        raise _refused("elements")
    if size > limits.attributes * _SHORTEST_ATTRIBUTE and document.count(b"=") > limits.attributes:
        raise _refused("attributes")


def _refused(cap: str) -> InputError:
    return InputError(Fault("DEC-016", Place(), {"cap": cap}))


def _parser() -> etree.XMLParser:
    """A parser of its own for each document: threads never share one, and it costs a few microseconds a batch."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
