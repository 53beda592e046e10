"""Where the record elements of a legacy XML file start and end, found in its bytes.

`<`, `>`, `&` and quotes never are the second byte of a character in CP932, EUC-JP or UTF-8, so tags can be found before
anything is decoded, and a record with damaged text is cut out as cleanly as any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kakehashi.codec.text_form import damage

__all__ = ["Scan", "TagScanner"]

_SPACE = rb"[\x20\t\r\n]"
_DECLARATION = re.compile(rb"<![A-Z]")
_SKIPPED = rb"(?>!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>)"
"""What follows `<` in a comment, a CDATA section or an instruction; atomic, or a flood of them would take for ever."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Complete records as (start, end), and where the end tag of the root begins (None: not seen)."""

    records: list[tuple[int, int]]
    end: int | None


class TagScanner:
    """Finds `record` elements, children of `root`. Names are bytes in the file's charset."""

    def __init__(self, *, root: bytes, record: bytes) -> None:
        name = re.escape(record)
        top = re.escape(root)
        self._token = re.compile(
            rb"<(?:(?P<open>%b(?=[\s/>])[^<>]*>)|(?P<close>/%b\s*>)|(?P<end>/%b\s*>)|(?P<skip>%b)|(?P<bang>[!?]))"
            % (name, name, top, _SKIPPED),
            re.DOTALL,
        )
        self._prolog = re.compile(
            rb"(?:\xef\xbb\xbf)?(?:%b|<%b)*+(?P<root><%b(?=[\s/>])[^<>]*>)" % (_SPACE, _SKIPPED, top), re.DOTALL
        )
        self._following = re.compile(
            rb"</%b\s*>(?:%b|\x1a)*+(?:\xef\xbb\xbf)?(?=<\?xml\s)(?:%b|<%b)*+(?P<root><%b(?=[\s/>])[^<>]*>)"
            % (top, _SPACE, _SPACE, _SKIPPED, top),
            re.DOTALL,
        )
        self._epilog = re.compile(rb"</%b\s*>(?:%b|<%b)*+\x1a*" % (top, _SPACE, _SKIPPED), re.DOTALL)

    def root(self, data: bytes) -> tuple[int, int] | None:
        """Start and end of the root's start tag; None: not there (yet). Raises DEC-016 at a DOCTYPE."""
        found = self._prolog.match(data)
        if found:
            return found.span("root")
        if (at := data.find(b"<!DOCTYPE")) >= 0:
            raise damage("DEC-016", at, reason="document type declaration")
        return None

    def scan(self, data: bytes, start: int = 0) -> Scan:
        """The records that are complete in `data`, from `start` on. Raises DEC-015 at one inside another."""
        records: list[tuple[int, int]] = []
        opened: int | None = None
        for token in self._token.finditer(data, start):
            match token.lastgroup:
                case "open" if opened is not None:
                    raise damage("DEC-015", token.start())
                case "open" if token[0].endswith(b"/>"):
                    records.append(token.span())
                case "open":
                    opened = token.start()
                case "close":
                    if opened is None:
                        raise damage("DEC-015", token.start())
                    records.append((opened, token.end()))
                    opened = None
                case "end" if opened is None:
                    return Scan(records, token.start())
                case "bang" if _DECLARATION.match(data, token.start()):
                    raise damage("DEC-016", token.start(), reason="document type declaration")
                case "bang":  # a comment that has no end yet
                    break
                case _:
                    pass
        return Scan(records, None)

    def following(self, data: bytes) -> tuple[int, int] | None:
        """Start and end of the next root's start tag, where another document with a declaration of its own begins
        behind the root's end tag, with which `data` begins; None: not there (yet).
        """
        found = self._following.match(data)
        return found.span("root") if found else None

    def ends_well(self, data: bytes) -> bool:
        """Whether `data` is the root's end tag and nothing but blanks and comments after it."""
        return self._epilog.fullmatch(data) is not None
