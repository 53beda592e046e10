"""「項目間整合性」 Cross-item invariants: ISO Schematron, compiled to one XPath for each assertion.

Only what can be compiled faithfully is supported, the rest is refused at load: rules whose context is one element,
assertions and reports with a test in XPath 1.0, `subject` naming the item at fault. No variables, phases, abstract
patterns, includes, diagnostics, or value-of (a message would carry values).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from lxml import etree

from kakehashi.errors import ConfigurationError, Fault, InputError, Place
from kakehashi.validation.xml import parse_document

__all__ = ["CompiledRules", "Rule", "load_rules"]

_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_QNAME = re.compile(r"([A-Za-z_][\w.-]*):([A-Za-z_][\w.-]*)")
_CALL = re.compile(r"([A-Za-z_][\w.:-]*)\s*\(")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_FUNCTIONS = frozenset(
    {
        "and",
        "boolean",
        "ceiling",
        "comment",
        "concat",
        "contains",
        "count",
        "div",
        "false",
        "floor",
        "id",
        "lang",
        "last",
        "local-name",
        "mod",
        "name",
        "namespace-uri",
        "node",
        "normalize-space",
        "not",
        "number",
        "or",
        "position",
        "round",
        "starts-with",
        "string",
        "string-length",
        "substring",
        "substring-after",
        "substring-before",
        "sum",
        "text",
        "translate",
        "true",
    }
)
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "schema": frozenset({"queryBinding", "schemaVersion"}),
    "title": frozenset(),
    "p": frozenset(),
    "ns": frozenset({"prefix", "uri"}),
    "pattern": frozenset({"id"}),
    "rule": frozenset({"id", "context"}),
    "assert": frozenset({"id", "test", "subject"}),
    "report": frozenset({"id", "test", "subject"}),
}
_CHILDREN: Mapping[str, frozenset[str]] = {
    "schema": frozenset({"title", "p", "ns", "pattern"}),
    "pattern": frozenset({"title", "p", "rule"}),
    "rule": frozenset({"assert", "report"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """「整合性規則」 `broken` is true, in XPath 1.0 at an element of that name, when the rule is broken."""

    id: str
    namespace: str
    element: str
    item: str | None
    broken: str
    text: str
    prefixes: Mapping[str, str]


def load_rules(folder: Path) -> tuple[Rule, ...]:
    """The rules of every .sch file of a folder. Raises ConfigurationError for anything unsupported (CFG-003)."""
    rules: list[Rule] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.sch")):
        try:
            rules += _read(path)
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return tuple(rules)


class CompiledRules:
    """Finds the elements that break a rule: one look for all rules together, one for each only where that hits.

    Contents stand in the records of a message's last child, in registrations and in inquiry results alike. For one
    thread.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        alike: dict[tuple[object, ...], list[Rule]] = {}
        for rule in rules:
            alike.setdefault((rule.namespace, *sorted(rule.prefixes.items())), []).append(rule)
        self._any = [_compiled(f"boolean({_contents(some)})", some[0]) for some in alike.values()]
        self._each = [(rule, _compiled(_contents([rule]), rule)) for rule in rules]

    def broken(self, root: etree._Element) -> Iterator[tuple[Rule, etree._Element]]:
        """Every (rule, content element that breaks it)."""
        if any(xpath(root) for xpath in self._any):
            for rule, xpath in self._each:
                for element in _elements(xpath, root):
                    yield rule, element


def _contents(rules: Sequence[Rule]) -> str:
    """The path of the contents that break any of the rules, which have the same prefixes."""
    tests: dict[str, list[str]] = {}
    for rule in rules:
        tests.setdefault(rule.element, []).append(f"({rule.broken})")
    broken = [f"(self::kakehashi:{element} and ({' or '.join(some)}))" for element, some in tests.items()]
    # The same as /*/*/*/…, but libxml2 then stops collecting nodes: a quarter of the time of the path.
    return f"/*/*[last()]/*/kakehashi:Content/*[{' or '.join(broken)}]"


def _compiled(path: str, rule: Rule) -> etree.XPath:
    return etree.XPath(path, namespaces={**rule.prefixes, "kakehashi": rule.namespace}, smart_strings=False)


def _elements(xpath: etree.XPath, root: etree._Element) -> list[etree._Element]:
    """What a path of elements finds."""
    found: list[etree._Element] = xpath(root)  # type: ignore[assignment]  # a path gives a list of elements
    return found


def _read(path: Path) -> list[Rule]:
    try:
        schema = parse_document(path.read_bytes())
    except (OSError, InputError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
    _refuse_unsupported(schema, path.name)
    if schema.tag != f"{_SCH}schema" or schema.get("queryBinding", "xslt") != "xslt":
        _unsupported(path.name, "queryBinding")
    prefixes = {ns.get("prefix", ""): ns.get("uri", "") for ns in schema.iterfind(f"{_SCH}ns")}
    found: list[Rule] = []
    for pattern in schema.iterfind(f"{_SCH}pattern"):
        contexts = [rule.get("context", "") for rule in pattern.iterfind(f"{_SCH}rule")]
        if len(set(contexts)) != len(contexts):
            _unsupported(path.name, "two rules of one pattern with the same context")
        for rule in pattern.iterfind(f"{_SCH}rule"):
            found += [_rule(check, rule.get("context", ""), prefixes, path.name) for check in rule]
    return found


def _refuse_unsupported(schema: etree._Element, file: str) -> None:
    for element in schema.iter():
        name = str(element.tag).removeprefix(_SCH)
        if name not in _ATTRIBUTES or set(element.attrib) - _ATTRIBUTES[name]:
            _unsupported(file, name)
        for child in element:
            if str(child.tag).removeprefix(_SCH) not in _CHILDREN.get(name, frozenset()):
                _unsupported(file, f"{str(child.tag).removeprefix(_SCH)} in {name}")


def _rule(check: etree._Element, context: str, prefixes: Mapping[str, str], file: str) -> Rule:
    element = _QNAME.fullmatch(context)
    subject = check.get("subject")
    item = _QNAME.fullmatch(subject) if subject is not None else None
    if element is None or element[1] not in prefixes or (subject is not None and item is None) or not check.get("id"):
        _unsupported(file, "context, subject or id")
    test = check.get("test", "")
    _refuse_test(test, prefixes, file)
    return Rule(
        id=check.get("id", ""),
        namespace=prefixes[element[1]],
        element=element[2],
        item=item[2] if item else None,
        broken=test if check.tag == f"{_SCH}report" else f"not({test})",
        text=" ".join((check.text or "").split()),
        prefixes=prefixes,
    )


def _refuse_test(test: str, prefixes: Mapping[str, str], file: str) -> None:
    """XSLT's own functions and variables exist in an XSLT implementation of Schematron only."""
    code = _STRING.sub("''", test)
    if "$" in code or any(name not in _FUNCTIONS for name in _CALL.findall(code)):
        _unsupported(file, "a variable or a function beyond XPath 1.0")
    try:
        etree.XPath(f"self::node()[{test}]", namespaces=dict(prefixes))(etree.Element("probe"))
    except etree.XPathError:
        _unsupported(file, "the test is not XPath 1.0")


def _unsupported(file: str, what: str) -> NoReturn:
    raise ConfigurationError([Fault("CFG-003", Place(file=file), {"unsupported": what})])
