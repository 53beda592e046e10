"""「電文表記」 How a message is written on the wire, where that differs from our own names for the same things.

Inside, every message has our names (docs/reference/external-interface.md). A profile may give others: message ids,
elements, attributes, fixed values, the length of person numbers and the namespace. Order and nesting are the same.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from xml.sax.saxutils import quoteattr

__all__ = ["OUR_FORM", "PERSON_DIGITS", "WireForm"]

PERSON_DIGITS = 15
"""Of a 団体内統合宛名番号 inside, zeros in front."""
_NAMESPACE = "urn:kakehashi:std-2026"
_PREFIX = rb"(?:[A-Za-z_][0-9A-Za-z._-]*:)?"
_TAG = re.compile(rb"<(/?%b)([A-Za-z][0-9A-Za-z._-]*)([^<>]*)>([^<]*)" % _PREFIX)
_ATTRIBUTE = re.compile(r' ([A-Za-z][0-9A-Za-z]*)="([^"]*)"')
_ROOT = re.compile(rb"<%b([A-Za-z][0-9A-Za-z._-]*)[\s/>]" % _PREFIX)


@dataclass(frozen=True, kw_only=True)
class WireForm:
    """「電文表記」 Ours → theirs, of what differs. `values` by (element or attribute, our value). `person_digits`: the
    length of what `numbers` names, zeros in front. Empty: the wire has our own names, and nothing is done.
    """

    namespace: str = _NAMESPACE
    messages: Mapping[str, str] = field(default_factory=dict)
    elements: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    person_digits: int = PERSON_DIGITS
    numbers: frozenset[str] = frozenset({"PersonKey", "FormerKey", "After"})

    @cached_property
    def renames(self) -> bool:
        """Whether anything but the namespace differs."""
        named = self.messages or self.elements or self.attributes or self.values
        return bool(named) or self.person_digits != PERSON_DIGITS

    def message_id(self, ours: str) -> str:
        """Theirs, which is also the name of the message's schema."""
        return self.messages.get(ours, ours)

    def root(self, ours: str) -> str:
        """The name of a message's root element: its id without hyphens."""
        return self.message_id(ours).replace("-", "")

    def message_in(self, document: bytes) -> str | None:
        """Our id of a message that came, by its first element; None where it names none of those renamed and has not
        the form of our own ids. Looks at its bytes only.
        """
        found = _ROOT.search(document)
        name = found[1].decode() if found else ""
        if name in self._our_roots:
            return self._our_roots[name]
        own = re.fullmatch("([A-Z]{3})([0-9]{3})", name)
        return f"{own[1]}-{own[2]}" if own and f"{own[1]}-{own[2]}" not in self.messages else None

    def our_element(self, theirs: str) -> str:
        """A root has our id without its hyphen."""
        root = self._our_roots.get(theirs)
        return root.replace("-", "") if root else self._our_elements.get(theirs, theirs)

    def our_attribute(self, theirs: str) -> str:
        return self._our_attributes.get(theirs, theirs)

    def our_value(self, name: str, theirs: str) -> str:
        """`name`: ours, of the element or attribute that holds the value."""
        if name in self.numbers and theirs.isascii() and theirs.isdigit():
            return theirs.lstrip("0").zfill(PERSON_DIGITS)
        return self._our_values.get((name, theirs), theirs)

    def write(self, document: bytes) -> bytes:
        """A message with our names as it goes out. Where its header has a batch, the digest is that of the bytes
        between header and end as they go out.
        """
        return self._stamped(self._renamed(document))

    def _renamed(self, document: bytes) -> bytes:
        if self.namespace != _NAMESPACE:
            document = document.replace(
                f'xmlns="{_NAMESPACE}"'.encode(), f"xmlns={quoteattr(self.namespace)}".encode(), 1
            )
        return _TAG.sub(self._tag, document) if self.renames else document

    def _tag(self, found: re.Match[bytes]) -> bytes:
        begin, raw, attributes, text = found.groups()
        name = raw.decode()
        theirs = self._their_tags.get(name, raw)
        if attributes and self._has_attributes:
            attributes = _ATTRIBUTE.sub(self._attribute, attributes.decode()).encode()
        if text and not begin.startswith(b"/") and name in self._valued:
            text = self._their_value(name, text.decode()).encode()
        return b"<%b%b%b>%b" % (begin, theirs, attributes, text)

    def _attribute(self, found: re.Match[str]) -> str:
        name, value = found.groups()
        return f' {self.attributes.get(name, name)}="{self.values.get((name, value), value)}"'

    def _their_value(self, name: str, ours: str) -> str:
        """A number that does not fit its length stays as it is, and the schema refuses it in its own record."""
        if name in self.numbers and ours.isascii() and ours.isdigit():
            short = ours.lstrip("0").zfill(self.person_digits)
            return short if len(short) == self.person_digits else ours
        return self.messages.get(ours, ours) if name == "MessageId" else self.values.get((name, ours), ours)

    def _stamped(self, document: bytes) -> bytes:
        header_end, digest = self._marks
        end = header_end.search(document)
        old = digest.search(document, 0, end.start()) if end else None
        if end is None or old is None:
            return document
        content = memoryview(document)[end.end() : document.rfind(b"</")]
        stamp = base64.b64encode(hashlib.sha256(content).digest())
        return b"".join((document[: old.start(1)], stamp, document[old.end(1) :]))

    @cached_property
    def _marks(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        """The end of the header, and the digest in it."""
        header, digest = (re.escape(self.elements.get(name, name)).encode() for name in ("Header", "Sha256"))
        return re.compile(rb"</%b%b>" % (_PREFIX, header)), re.compile(rb"<%b%b>([^<]*)</" % (_PREFIX, digest))

    @cached_property
    def _their_tags(self) -> Mapping[str, bytes]:
        roots = {ours.replace("-", ""): self.root(ours).encode() for ours in self.messages}
        return roots | {ours: theirs.encode() for ours, theirs in self.elements.items()}

    @cached_property
    def _has_attributes(self) -> bool:
        return bool(self.attributes or self.values)

    @cached_property
    def _valued(self) -> frozenset[str]:
        return frozenset({name for name, _ in self.values} | self.numbers | {"MessageId"})

    @cached_property
    def _our_roots(self) -> Mapping[str, str]:
        return {self.root(ours): ours for ours in self.messages}

    @cached_property
    def _our_elements(self) -> Mapping[str, str]:
        return {theirs: ours for ours, theirs in self.elements.items()}

    @cached_property
    def _our_attributes(self) -> Mapping[str, str]:
        return {theirs: ours for ours, theirs in self.attributes.items()}

    @cached_property
    def _our_values(self) -> Mapping[tuple[str, str], str]:
        own = {(name, theirs): ours for (name, ours), theirs in self.values.items()}
        return own | {("MessageId", theirs): ours for ours, theirs in self.messages.items()}


OUR_FORM = WireForm()
