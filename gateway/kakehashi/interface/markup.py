"""How documents are written: straight-line text, no tree. Only what may hold a wrong value is escaped."""

from __future__ import annotations

import re

__all__ = ["DECLARATION", "NAMESPACE", "safe_text"]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "urn:kakehashi:std-2026"

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe_text(value: str) -> str:
    """Text that cannot break the document around it. What XML cannot hold becomes U+FFFD, which every schema refuses
    in its own record, so that one bad value never spoils its neighbours.
    """
    return _NOT_XML.sub("\ufffd", value).translate(_ESCAPES)
