"""The one place of the codec that makes an XML parser, and the limits that every document is held to (safety.md, 10).

No DOCTYPE, no entities, no network, no huge trees. Documents are small: a block of records at a time.
"""

from __future__ import annotations

from lxml import etree

from kakehashi.codec.text_form import damage

__all__ = ["MOST_ATTRIBUTES", "MOST_BYTES", "MOST_DEPTH", "MOST_ELEMENTS", "parse_block"]

MOST_BYTES = 4 << 20
"""Of one block; a single record may be a quarter of it."""
MOST_DEPTH = 32
MOST_ELEMENTS = 200_000
MOST_ATTRIBUTES = 64
"""Of one element: listing the attributes of a bomb takes minutes, counting them does not."""


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def parse_block(text: str) -> etree._Element:
    """The root of a document without prolog. Raises InputError DEC-015 (not well formed) or DEC-016 (limits)."""
    raw = text.encode("utf-8")
    if len(raw) > MOST_BYTES:
        raise damage("DEC-016", bytes=len(raw), most=MOST_BYTES)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise damage("DEC-016", reason="document type declaration")
    try:
        root = etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise damage("DEC-015") from None
    _check_limits(root)
    return root


_LIMITS = (
    ("depth", f"boolean({'/*' * (MOST_DEPTH + 1)})", MOST_DEPTH),
    ("elements", f"count(//*) > {MOST_ELEMENTS}", MOST_ELEMENTS),
    ("attributes", f"boolean(//*[@*[{MOST_ATTRIBUTES + 1}]])", MOST_ATTRIBUTES),
)


def _check_limits(root: etree._Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise damage("DEC-016", reason="document type declaration")
    for what, path, most in _LIMITS:
        if root.xpath(path):
            raise damage("DEC-016", reason=what, most=most)
