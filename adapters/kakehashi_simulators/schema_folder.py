"""The schemas and rules of a profile's folder, compiled; used by one thread at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue

from lxml import etree

from kakehashi_simulators.rules import Pattern, read_rules

__all__ = ["Checker", "CheckerPool", "Violation", "secure_parser"]

_RECORD = re.compile(r"/\*/\*\[2\]/\*(?:\[([0-9]+)\])?(?:/|$)")
"""libxml2's path of something in the n-th child of the message's second child (its only one when unnumbered)."""
_ITEM = re.compile(r"([A-Z][0-9]{4})(?:-absent)?")
_TYPE_ERROR, _RULE_ERROR = "4001", "4002"


@dataclass(frozen=True, slots=True)
class Violation:
    """`position` of the record in its message, from 0; None: the message as a whole is wrong."""

    position: int | None
    item: str | None
    code: str


def secure_parser() -> etree.XMLParser:
    """No entities, no network, no DTD; comments and instructions stay, so that they can be refused."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, collect_ids=False)


class Checker:
    """Compiled once, then fast. Not thread-safe: an error log belongs to a validator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parser = secure_parser()
        self._schemas: dict[str, etree.XMLSchema] = {}
        files = sorted((folder / "layouts").glob("*.xsd"))
        self.layouts = {tuple(path.stem.rsplit("-v", 1)) for path in files if "-v" in path.stem}
        """(information name, version) of every known layout."""
        self._patterns = tuple(_all_rules(folder, self._parser))

    def violations(self, root: etree._Element, message_id: str) -> list[Violation]:
        """What is wrong with the message; at most one violation a record, that of its first fault.

        Raises LookupError when no schema is there for the message.
        """
        schema = self._schema(message_id)
        found: dict[int | None, Violation] = {}
        if not schema.validate(root):
            for error in schema.error_log:  # type: ignore[attr-defined]  # the stubs forgot its iterator
                violation = _located(root, error.path)
                found.setdefault(violation.position, violation)
        for rule in (rule for pattern in self._patterns if pattern.violated(root) for rule in pattern.rules):
            for node in _elements(rule.violators(root)):
                violation = Violation(_position(node), _item(rule.item), _RULE_ERROR)
                found.setdefault(violation.position, violation)
        return list(found.values())

    def _schema(self, message_id: str) -> etree.XMLSchema:
        if message_id not in self._schemas:
            path = self._folder / f"{message_id}.xsd"
            if not path.is_file():
                raise LookupError(path.name)
            self._schemas[message_id] = etree.XMLSchema(etree.parse(path, self._parser))
        return self._schemas[message_id]


class CheckerPool:
    """Lends checkers to threads; compiles another one when all are lent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: LifoQueue[Checker] = LifoQueue()
        self._idle.put(Checker(folder))

    def lend(self) -> Checker:
        try:
            return self._idle.get_nowait()
        except Empty:
            return Checker(self._folder)

    def give_back(self, checker: Checker) -> None:
        self._idle.put(checker)


def _all_rules(folder: Path, parser: etree.XMLParser) -> Iterator[Pattern]:
    for path in sorted(folder.rglob("*.sch")):
        yield from read_rules(path, parser)


def _located(root: etree._Element, path: str | None) -> Violation:
    match = _RECORD.match(path or "")
    if match is None or len(root) < 2:
        return Violation(None, None, _TYPE_ERROR)
    named = [etree.QName(node).localname for node in _elements(root.xpath(path or ""))]
    item = _item(named[0]) if named else None
    return Violation(int(match[1] or 1) - 1, item, _TYPE_ERROR)


def _item(name: str) -> str | None:
    match = _ITEM.match(name)
    return match[1] if match else None


def _elements(found: object) -> list[etree._Element]:
    """The elements in what an XPath gave."""
    return [node for node in found if etree.iselement(node)] if isinstance(found, list) else []


def _position(node: etree._Element) -> int | None:
    """The record that holds `node`: its ancestor two levels below the root."""
    line = [node, *node.iterancestors()]
    if len(line) < 3:
        return None
    record, parent = line[-3], line[-2]
    return parent.index(record)
