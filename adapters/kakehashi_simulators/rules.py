"""ISO Schematron rules, each turned into one XPath that finds its violators in a whole message at once.

The subset: one rule a pattern, XPath 1.0 tests, no let, include, extends or abstract parts. Anything else stops the
program at its start: a rule that is not understood must not look like one that holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

__all__ = ["Pattern", "Rule", "read_rules"]

_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_KNOWN = {"schema", "ns", "title", "p", "pattern", "rule", "assert", "report", "value-of", "name", "emph"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`violators` gives the context nodes that break the assertion; `item`: the item that it is about."""

    item: str
    violators: etree.XPath


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rules about the same nodes. `violated`: whether any of them is broken anywhere, which is the cheaper question."""

    violated: etree.XPath
    rules: tuple[Rule, ...]


def read_rules(path: Path, parser: etree.XMLParser) -> tuple[Pattern, ...]:
    """Raises ValueError for anything outside the subset."""
    root = etree.parse(path, parser).getroot()
    unknown = {etree.QName(node).localname for node in root.iter(etree.Element)} - _KNOWN
    if unknown:
        raise ValueError(f"{path.name}: not understood: {', '.join(sorted(unknown))}")
    spaces = {ns.get("prefix", ""): ns.get("uri", "") for ns in root.findall(f"{_SCH}ns")}
    return tuple(_pattern(path, pattern, spaces) for pattern in root.findall(f"{_SCH}pattern"))


def _pattern(path: Path, pattern: etree._Element, spaces: dict[str, str]) -> Pattern:
    rules = pattern.findall(f"{_SCH}rule")
    if len(rules) != 1 or pattern.get("abstract") or pattern.get("is-a"):
        raise ValueError(f"{path.name}: a pattern with other than one plain rule")
    context = _absolute(rules[0].get("context", ""))
    found: list[Rule] = []
    conditions: list[str] = []
    for check in rules[0]:
        test = check.get("test", "")
        if "current()" in test:
            raise ValueError(f"{path.name}: current() is not understood")
        conditions.append(f"not({test})" if check.tag == f"{_SCH}assert" else f"({test})")
        violators = etree.XPath(f"{context}[{conditions[-1]}]", namespaces=spaces)
        found.append(Rule(check.get("subject", "").rpartition(":")[2], violators))
    violated = f"boolean({context}[{' or '.join(conditions) or 'false()'}])"
    return Pattern(etree.XPath(violated, namespaces=spaces), tuple(found))


def _absolute(context: str) -> str:
    """A layout element stands in the Content of a record, in the last child of a message. Looking there alone is
    cheap, and [last()] makes it four times cheaper: libxml2 then collects no nodes on its way.
    """
    if "|" in context:
        raise ValueError("a context with alternatives is not understood")
    if context.startswith("/"):
        return context
    prefix, colon, _ = context.rpartition(":")
    return f"/*/*[last()]/*/{prefix}{colon}Content/{context}" if "/" not in context else f"//{context}"
