"""A server that speaks another format: the simulated one behind an interpreter with schemas and a table of its own.

What comes in is checked against the other schemas and the other digest, as its server would, and goes on in the format
of the simulators; the answer goes the same way back. Written apart from the gateway's own reading of such a table.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from kakehashi_simulators.message import NAMESPACE
from kakehashi_simulators.schema_folder import secure_parser
from kakehashi_simulators.wire import Exchange, Unreadable

__all__ = ["Dialect", "Interpreter"]

_PERSONS = ("PersonKey", "FormerKey", "After")
_PERSON_DIGITS = 15


class Dialect:
    """The other format: `schemas`, a folder with one XSD a message and common.xsd; `table`, a CSV file with the columns
    kind (message, element, attribute, value, digits), name (ours, a value as Element=value), wire (theirs).
    """

    def __init__(self, table: Path, schemas: Path) -> None:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = [(row["kind"], row["name"], row["wire"]) for row in csv.DictReader(stream)]
        kinds = {kind: {ours: theirs for each, ours, theirs in rows if each == kind} for kind, _, _ in rows}
        self._schemas = schemas
        self._namespace = etree.parse(schemas / "common.xsd", secure_parser()).getroot().get("targetNamespace", "")
        self._messages = kinds.get("message", {})
        roots = {ours.replace("-", ""): theirs.replace("-", "") for ours, theirs in self._messages.items()}
        self._elements = kinds.get("element", {}) | roots
        self._attributes = kinds.get("attribute", {})
        values = [(*ours.split("=", 1), theirs) for ours, theirs in kinds.get("value", {}).items()]
        self._values = {(name, ours): theirs for name, ours, theirs in values}
        self._values |= {("MessageId", ours): theirs for ours, theirs in self._messages.items()}
        self._digits = int(kinds.get("digits", {}).get("PersonKey", _PERSON_DIGITS))
        self._threads = threading.local()

    @property
    def codes(self) -> dict[str, str]:
        """Result codes, ours → theirs."""
        return {ours: theirs for (name, ours), theirs in self._values.items() if name == "Code"}

    def theirs(self, element: str) -> str:
        return self._elements.get(element, element)

    def valid(self, root: etree._Element, message_id: str) -> bool:
        """Whether the schema of the message that has this id in the other format takes it."""
        path = self._schemas / f"{message_id}.xsd"
        if not path.is_file():
            return False
        compiled: dict[str, etree.XMLSchema] = self._threads.__dict__.setdefault("compiled", {})
        if message_id not in compiled:
            compiled[message_id] = etree.XMLSchema(etree.parse(path, secure_parser()))
        return bool(compiled[message_id].validate(root))

    def into_ours(self, root: etree._Element) -> etree._Element:
        """The tree as the simulators read it."""
        values = {(name, theirs): ours for (name, ours), theirs in self._values.items()}

        def value(name: str, text: str) -> str:
            return text.lstrip("0").zfill(_PERSON_DIGITS) if name in _PERSONS else values.get((name, text), text)

        return _translated(root, NAMESPACE, _turned(self._elements), _turned(self._attributes), value, named=1)

    def into_theirs(self, root: etree._Element) -> etree._Element:
        """The tree as the other format has it."""

        def value(name: str, text: str) -> str:
            return text.lstrip("0").zfill(self._digits) if name in _PERSONS else self._values.get((name, text), text)

        return _translated(root, self._namespace, self._elements, self._attributes, value, named=0)


class Interpreter:
    """An Exchange in the other format, in front of one in the simulators'."""

    def __init__(self, inner: Exchange, dialect: Dialect) -> None:
        self._inner = inner
        self._dialect = dialect

    def answer(self, document: bytes, *, over_capacity: bool = False) -> bytes:
        """Raises Unreadable for what the other format's server would not even answer to."""
        theirs = self._dialect.theirs
        root = _parsed(document)
        stamp = root.find(f".//{{*}}{theirs('Sha256')}")
        if stamp is not None and stamp.text != _digest(document, theirs("Header")):
            raise Unreadable
        message_id = root.findtext(f"{{*}}{theirs('Header')}/{{*}}{theirs('MessageId')}", "")
        if not self._dialect.valid(root, message_id):
            raise Unreadable
        ours = self._dialect.into_ours(root)
        for own in ours.iter(f"{{{NAMESPACE}}}Sha256"):
            own.text = _digest(_written(ours), "Header")
        answer = _parsed(self._inner.answer(_written(ours), over_capacity=over_capacity))
        answer = self._dialect.into_theirs(answer)
        if not self._dialect.valid(answer, answer.findtext(f"{{*}}{theirs('Header')}/{{*}}{theirs('MessageId')}", "")):
            raise AssertionError("the answer breaks the other format's schema")
        return _written(answer)


def _translated(
    root: etree._Element,
    namespace: str,
    elements: dict[str, str],
    attributes: dict[str, str],
    value: Callable[[str, str], str],
    *,
    named: int,
) -> etree._Element:
    """`named`: whether values go by the name that an element had (0) or gets (1)."""
    spaces: dict[str, str] = {None: namespace}  # type: ignore[dict-item]  # the stubs forgot the default namespace

    def made(element: etree._Element, above: etree._Element | None) -> etree._Element:
        name = etree.QName(element).localname
        names = (name, elements.get(name, name))
        tag = f"{{{namespace}}}{names[1]}"
        new = etree.Element(tag, nsmap=spaces) if above is None else etree.SubElement(above, tag)
        new.text = value(names[named], element.text) if element.text else None
        for key, text in element.items():
            keys = (str(key), attributes.get(str(key), str(key)))
            new.set(keys[1], value(keys[named], str(text)))
        for child in element.iterchildren(etree.Element):
            made(child, new)
        return new

    return made(root, None)


def _turned(table: dict[str, str]) -> dict[str, str]:
    return {theirs: ours for ours, theirs in table.items()}


def _parsed(document: bytes) -> etree._Element:
    try:
        return etree.fromstring(document, secure_parser())
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable from None


def _written(root: etree._Element) -> bytes:
    raw: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return raw


def _digest(document: bytes, header: str) -> str:
    end = f"</{header}>".encode()
    content = document[document.find(end) + len(end) : document.rfind(b"</")]
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
