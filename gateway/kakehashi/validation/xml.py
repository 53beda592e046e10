"""The one XML parser for messages. Everything that an attacker could use is refused before anything iterates."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from lxml import etree

from kakehashi.errors import Fault, InputError, Place

__all__ = ["DEFAULT_LIMITS", "Limits", "parse_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on one document. `equal_signs` bounds attributes and namespace declarations, which all need one.

    An element takes two `<`, and text holds none, so `<` counts elements; `depth` is that of the deepest element.
    """

    size: int = 64_000_000
    elements: int = 2_000_000
    equal_signs: int = 4096
    depth: int = 12


DEFAULT_LIMITS = Limits()

_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_BOM = b"\xef\xbb\xbf"
_PARSERS = threading.local()


def parse_document(document: bytes, *, limits: Limits = DEFAULT_LIMITS) -> etree._Element:
    """The root of a UTF-8 document without a document type declaration.

    Raises InputError: DEC-016 for a document type declaration, another encoding or a broken cap; DEC-015 for what is
    not well formed (with the byte's line, never the parser's text, which quotes the data). Thread-safe.
    """
    _refuse(document, limits)
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as error:
        raise InputError(Fault("DEC-015", facts={"line": error.lineno or 0})) from None
    if root is None:
        raise InputError("DEC-015")
    if root.getroottree().docinfo.internalDTD is not None or _too_deep(limits.depth)(root):
        raise _refused("structure")
    return root


def _refuse(document: bytes, limits: Limits) -> None:
    if len(document) > limits.size:
        raise _refused("size")
    start = document[: len(_BOM) + 200].removeprefix(_BOM)
    declared = _DECLARED_ENCODING.match(start)
    if not start.startswith(b"<") or b"\0" in document or (declared and declared[1].lower() not in {b"utf-8", b"utf8"}):
        raise _refused("encoding")
    if b"<!DOCTYPE" in document:
        raise _refused("doctype")
    tags = document.count(b"<")
    if tags > 2 * limits.elements:
        raise _refused("elements")
    if document.count(b"=") > limits.equal_signs + 4 * tags:
        raise _refused("attributes")


def _refused(cap: str) -> InputError:
    return InputError(Fault("DEC-016", Place(), {"cap": cap}))


def _parser() -> etree.XMLParser:
    """One parser a thread: lxml locks a shared one while it works."""
    parser: etree.XMLParser | None = getattr(_PARSERS, "parser", None)
    if parser is None:
        parser = etree.XMLParser(
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
        _PARSERS.parser = parser
    return parser


def _too_deep(depth: int) -> etree.XPath:
    """An XPath that is true when an element stands below `depth`. Compiled once a thread."""
    checks: dict[int, etree.XPath] = _PARSERS.__dict__.setdefault("depths", {})
    if depth not in checks:
        checks[depth] = etree.XPath(f"boolean({'/*' * (depth + 1)})")
    return checks[depth]
