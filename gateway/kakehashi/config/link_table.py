"""mapping.csv of a LINK route → LinkPlan. Numbers go to the link store as they stand: no converters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kakehashi.config.link_plan import AttributePlan, LinkPlan
from kakehashi.config.reading import Reading
from kakehashi.config.settings import LinkSettings
from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import Disclosure, Subscriber
from kakehashi.errors import Place
from kakehashi.mapping.code_table import CodeTable
from kakehashi.mapping.converters import close_names
from kakehashi.mapping.table import MappingRow
from kakehashi.matching.attribute import Attribute
from kakehashi.matching.spelling import Spelling

__all__ = ["LinkTable"]

_ONE = ("@system", "@atena", "@unified", "@number", "@since", "@event", "@birth", "@sex", "@disclosure")
_SEVERAL = ("@name", "@former_name", "@alias", "@kana", "@address")
_CODED = {
    "@event": tuple(LinkEvent),
    "@sex": ("male", "female", "other", ""),
    "@disclosure": tuple(Disclosure),
}
_ATTRIBUTES = {"@birth": Attribute.BIRTH, "@sex": Attribute.SEX, "@address": Attribute.ADDRESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTable:
    """The mapping table of one LINK route, with what its rows may name."""

    reading: Reading
    file: str
    fields: tuple[str, ...]
    links: LinkSettings
    tables: Mapping[str, CodeTable]
    as_of: date | None
    spelling: Spelling
    reference: bool
    returns: str = ""
    subscribers: tuple[Subscriber, ...] = ()
    _found: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False)
    _codes: dict[str, Mapping[str, str]] = field(default_factory=dict, init=False)

    def plan(self, rows: tuple[MappingRow, ...]) -> LinkPlan | None:
        """None when anything is wrong; every fault is told."""
        before = len(self.reading.faults)
        for row in rows:
            self._row(row)
        issues = self.links.mode != "pass-through"
        required = ["@system", "@atena", *(["@number"] if issues else [])]
        if not issues and not self.links.base:
            required.append("@unified")
        self._require(required, rows)
        attributes = self._attributes(rows)
        if len(self.reading.faults) > before:
            return None
        return LinkPlan(
            system=self._found["@system"][0],
            atena=self._found["@atena"][0],
            unified=self._one("@unified"),
            number=self._one("@number"),
            since=self._one("@since"),
            event=self._one("@event"),
            events={code: LinkEvent(word) for code, word in self._codes.get("@event", {}).items()},
            attributes=attributes,
            disclosure=self._one("@disclosure"),
            disclosures={code: Disclosure(word) for code, word in self._codes.get("@disclosure", {}).items()},
            subscribers=self.subscribers,
            prefix=self.links.prefix if issues else None,
            base=self.links.base,
            numbers=self.links.numbers,
            returns=self.returns if issues else "",
            most_mismatches=self.links.hold_mismatches,
            most_per_mille=self.links.hold_per_mille,
            in_force_from=self.links.in_force_from,
        )

    def _row(self, row: MappingRow) -> None:
        place = Place(file=self.file, record=row.line, item="target")
        known = (*_ONE, *_SEVERAL)
        if row.target not in known or row.target in self._found:
            self.reading.fault("CFG-006", place, name=row.target, **close_names(row.target, known))
            return
        self._found[row.target] = ()
        one = row.target in _ONE
        if not row.sources or (one and len(row.sources) > 1) or row.converters:
            expected = "one item, no converters" if one else "items, no converters"
            self.reading.fault("CFG-008", place, name=row.target, expected=expected)
            return
        for source in row.sources:
            if source not in self.fields:
                at = Place(file=self.file, record=row.line, item="source")
                self.reading.fault("CFG-006", at, name=source, **close_names(source, self.fields))
        self._found[row.target] = tuple(self.fields.index(each) for each in row.sources if each in self.fields)
        self._code(row)

    def _code(self, row: MappingRow) -> None:
        """A coded target needs a table of the words that are known here; the others must not have one."""
        place = Place(file=self.file, record=row.line, item="table")
        words = _CODED.get(row.target)
        if words is None or row.table is None:
            if (words is None) != (row.table is None):
                expected = f"a table of {' '.join(words)}" if words else "no table"
                self.reading.fault("CFG-008", place, name=row.target, expected=expected)
            return
        table = self.tables.get(row.table)
        if table is None:
            self.reading.fault("CFG-006", place, name=row.table, **close_names(row.table, self.tables))
            return
        codes = table.at(self.as_of)
        unknown = sorted(set(codes.values()) - {str(word) for word in words})
        if unknown:
            self.reading.fault("CFG-008", place, name=" ".join(unknown), expected=" ".join(words))
        self._codes[row.target] = codes

    def _require(self, targets: list[str], rows: tuple[MappingRow, ...]) -> None:
        named = {row.target for row in rows}
        for target in targets:
            if target not in named:
                self.reading.fault("CFG-009", Place(file=self.file, item="target"), name=target)

    def _one(self, target: str) -> int | None:
        found = self._found.get(target)
        return found[0] if found else None

    def _attributes(self, rows: tuple[MappingRow, ...]) -> AttributePlan | None:
        """All four or none: three of three would pass for four of four."""
        names = self._of("@name", "@alias")
        if not any(target in self._found for target in (*_ATTRIBUTES, *_SEVERAL)):
            if self.reference:
                self._require(["@name", *_ATTRIBUTES], rows)
            return None
        self._require(["@kana" if "@kana" in self._found and not names else "@name", *_ATTRIBUTES], rows)
        if not all(self._found.get(target) for target in _ATTRIBUTES) or not (names or self._of("@kana")):
            return None
        items = {attribute: self.fields[self._found[target][0]] for target, attribute in _ATTRIBUTES.items()}
        return AttributePlan(
            names=names,
            former=self._of("@former_name"),
            kana=self._of("@kana"),
            birth=self._found["@birth"][0],
            sex=self._found["@sex"][0],
            address=self._found["@address"],
            sexes=self._codes.get("@sex", {}),
            items={**items, Attribute.NAME: self.fields[(names or self._of("@kana"))[0]]},
            spelling=self.spelling,
            reference=self.reference,
            keep=self.links.mode == "full",
        )

    def _of(self, *targets: str) -> tuple[int, ...]:
        return tuple(index for target in targets for index in self._found.get(target, ()))
