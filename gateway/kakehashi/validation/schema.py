"""「電文検証」 Messages against their XSD and the invariants of their contents, on the hot path with libxml2."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lxml import etree

from kakehashi.domain.wire_form import OUR_FORM, WireForm
from kakehashi.errors import ConfigurationError, Fault, InputError, Place
from kakehashi.validation.rules import CompiledRules, Rule, load_rules
from kakehashi.validation.schema_fault import RECORD_LISTS, fault_of_entry, record_of
from kakehashi.validation.wire_reading import with_our_names
from kakehashi.validation.xml import DEFAULT_LIMITS, Limits, parse_for_schema, refuse_deep

__all__ = ["MessageSchema", "ParsedCheck", "SchemaSet"]


@dataclass(frozen=True, slots=True)
class ParsedCheck:
    """「検証結果」 `root`, with our own names, is None when the bytes are no acceptable XML at all.

    `record_faults`: position in the message (0-based) → faults of that record, VAL-001 (types) or VAL-002 (rules).
    `faults` are those of the message itself. No faults of either kind: valid.
    """

    root: etree._Element | None
    faults: tuple[Fault, ...] = ()
    record_faults: Mapping[int, list[Fault]] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return not self.faults and not self.record_faults


class SchemaSet:
    """The schemas of one profile: a folder with one XSD a message, `common.xsd`, and `layouts/`. Thread-safe.

    `form`: how messages are written on the wire, which is what the schemas describe.
    """

    def __init__(self, folder: Path, *, form: WireForm = OUR_FORM, limits: Limits = DEFAULT_LIMITS) -> None:
        self.folder = folder
        self.form = form
        self._limits = limits
        self._schemas: dict[str, MessageSchema] = {}
        self._lock = threading.Lock()

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return load_rules(self.folder / "layouts")

    def message(self, message_id: str) -> MessageSchema:
        """By our id. Raises ConfigurationError when there is no such schema or it cannot be compiled."""
        with self._lock:
            if message_id not in self._schemas:
                path = self.folder / f"{self.form.message_id(message_id)}.xsd"
                self._schemas[message_id] = MessageSchema(
                    message_id, path, self.rules, form=self.form, limits=self._limits
                )
            return self._schemas[message_id]


class MessageSchema:
    """The schema of one message. Thread-safe: each thread compiles its own, so that none waits or mixes up errors."""

    def __init__(
        self,
        message_id: str,
        path: Path,
        rules: tuple[Rule, ...],
        *,
        form: WireForm = OUR_FORM,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.message_id = message_id
        self.path = path
        self.rules = rules
        self.form = form
        self._limits = limits
        self._threads = threading.local()
        self._compiled()

    def check(self, document: bytes) -> ParsedCheck:
        """Parse and validate. Never raises for bad bytes."""
        try:
            root = parse_for_schema(document, limits=self._limits)
            schema, rules = self._compiled()
            valid = schema.validate(root)
            if not valid:
                refuse_deep(root, limits=self._limits)
        except InputError as error:
            return ParsedCheck(None, (self._fault(error.fault.facts),))
        faults: list[Fault] = []
        records: dict[int, list[Fault]] = {}
        if not valid:
            self._sort(schema, root, faults, records)
        with_our_names(root, self.form)
        if valid and root[0][0].text != self.message_id:
            faults.append(self._fault({"element": "MessageId"}))
        self._add_broken_rules(rules, root, records)
        return ParsedCheck(root, tuple(faults), records)

    def explain(self, document: bytes, record_index: int) -> list[str]:
        """Why the record at this position (0-based) fails: what the schema expects, never what the record holds.

        Slow (xmlschema): for people, never on the hot path.
        """
        from kakehashi.validation.explanation import explain_record  # noqa: PLC0415  # xmlschema takes 0.3 s to load

        return explain_record(self, document, record_index, limits=self._limits)

    def _compiled(self) -> tuple[etree.XMLSchema, CompiledRules]:
        compiled: tuple[etree.XMLSchema, CompiledRules] | None = getattr(self._threads, "compiled", None)
        if compiled is None:
            compiled = (_compile(self.path), CompiledRules(self.rules))
            self._threads.compiled = compiled
        return compiled

    def _fault(self, facts: Mapping[str, str | int]) -> Fault:
        return Fault("VAL-004", facts={"message": self.message_id, **facts})

    def _sort(
        self, schema: etree.XMLSchema, root: etree._Element, faults: list[Fault], records: dict[int, list[Fault]]
    ) -> None:
        """Each error to its record, one for each item; what belongs to no record is the message's."""
        seen: set[tuple[int | None, str | None]] = set()
        for entry in list(schema.error_log):  # type: ignore[call-overload]  # lxml-stubs forgets __iter__
            index, fault = fault_of_entry(entry, root, self.form)
            key = (index, fault.place.item)
            if key in seen:
                continue
            seen.add(key)
            if index is None:
                facts = {**fault.facts, "element": fault.place.item or ""}
                faults.append(self._fault({name: value for name, value in facts.items() if value}))
            else:
                records.setdefault(index, []).append(fault)

    @staticmethod
    def _add_broken_rules(rules: CompiledRules, root: etree._Element, records: dict[int, list[Fault]]) -> None:
        """A record whose types are wrong is not asked whether it is consistent."""
        if len(root) < 2 or etree.QName(root[-1]).localname not in RECORD_LISTS:
            return
        mistyped = set(records)
        for rule, element in rules.broken(root):
            index = record_of(element, root)
            if index is not None and index not in mistyped:
                fault = Fault("VAL-002", Place(item=rule.item), {"rule": rule.id})
                records.setdefault(index, []).append(fault)


def _compile(path: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.XMLSchema(etree.parse(str(path), parser))
    except OSError:
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError):
        raise ConfigurationError([Fault("CFG-001", Place(file=path.name), {"expected": "XML schema"})]) from None
