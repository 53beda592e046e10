from __future__ import annotations

import pytest
from lxml import etree
from tests.unit.validation.reference_schematron import broken
from tests.unit.validation.samples import (
    ALLOWANCE,
    ASSISTANCE,
    MESSAGES,
    RESIDENT,
    SCHEMAS,
    STANDARDS,
    TAX,
    content,
    record,
    registration,
)

from kakehashi.errors import ConfigurationError
from kakehashi.validation.rules import CompiledRules, load_rules
from kakehashi.validation.schema import SchemaSet
from kakehashi.validation.schema_fault import record_of

REGISTER = SchemaSet(SCHEMAS).message("DBM-201")
BREAKS = {
    "TM1-01": (TAX, {"A0050": "4999999"}),
    "TM1-02": (TAX, {"A0060": "2999999"}),
    "TM1-03": (TAX, {"A0220": "5000001"}),
    "TM1-04": (TAX, {"A0230": "3800001", "A0270": "9999999"}),
    "TM1-05": (TAX, {"A0270": "383999"}),
    "TM2-01": (ASSISTANCE, {"B0040": "0"}),
    "TM2-02": (ASSISTANCE, {"B0130": "150001"}),
    "TM2-03": (ASSISTANCE, {"B0070": "2024-03-31"}),
    "TM2-04": (ASSISTANCE, {"B0100": "2024-05"}),
    "TM3-01": (ALLOWANCE, {"C0050": "1"}),
    "TM3-02": (ALLOWANCE, {"C0070": "60001"}),
    "TM3-03": (ALLOWANCE, {"C0040": "2024-04"}),
    "TM3-04": (ALLOWANCE, {"C0060": "1"}),
    "TM4-01": (RESIDENT, {"D0080": "0"}),
    "TM4-02": (RESIDENT, {"D0120": "1974-07-31"}),
    "TM4-03": (RESIDENT, {"D0160": "1998"}),
    "TM4-04": (RESIDENT, {"D0070": "架橋花子"}),
}
KEEPS = {
    "a total without one of its parts": (TAX, {"A0070_absent": "2", "A0050": "1", "A0220": "0", "A0230": "0"}),
    "no total": (TAX, {"A0050_absent": "2"}),
    "no end": (ASSISTANCE, {"B0070_absent": "3", "B0100": None}),
    "an end in the month of the start": (ASSISTANCE, {"B0070": "2024-04"}),
    "an end in the year of the start": (ASSISTANCE, {"B0070": "2024"}),
    "a start known to the year": (ASSISTANCE, {"B0060": "2024", "B0070": "2024-01-01"}),
    "nothing taxable on a loss": (TAX, {"A0220": "0", "A0230": "0", "A0270": "156000"}),
    "another head of household": (RESIDENT, {"D0060": "04", "D0070": "架橋花子"}),
}


def test_every_data_set_has_a_rule():
    """Each layout has at least one invariant, and each invariant is broken by a record below."""
    rules = load_rules(SCHEMAS / "layouts")
    assert {rule.element for rule in rules} == {standard.element for standard in STANDARDS.values()}
    assert {rule.id for rule in rules} == set(BREAKS)
    assert all(rule.item and rule.text for rule in rules)


@pytest.mark.parametrize("rule", BREAKS)
def test_a_broken_invariant_names_record_rule_and_item(rule):
    """Exactly the broken rule is found, in its record only, although every type is right."""
    standard, values = BREAKS[rule]
    document = registration(record(standard), record(standard, 2, body=content(standard, **values)))
    check = REGISTER.check(document)
    assert not check.faults
    assert list(check.record_faults) == [1]
    assert [(fault.code, fault.facts["rule"]) for fault in check.record_faults[1]] == [("VAL-002", rule)]
    assert check.record_faults[1][0].place.item in values or rule in {"TM1-02", "TM3-01"}


@pytest.mark.parametrize("name", KEEPS)
def test_what_is_absent_or_imprecise_breaks_nothing(name):
    """An absent item or a date without a day only breaks a rule that no value could keep."""
    standard, values = KEEPS[name]
    check = REGISTER.check(registration(record(standard, body=content(standard, **values))))
    assert check.valid, check.record_faults


def test_rules_hold_for_inquiry_results_too():
    """What the server answers is judged by the same rules."""
    wrong = MESSAGES["SKI-304"].replace(b"<A0050>5000000<", b"<A0050>1<").replace(b"<A0220>3800000<", b"<A0220>0<")
    check = SchemaSet(SCHEMAS).message("SKI-304").check(wrong)
    assert {fault.facts["rule"] for fault in check.record_faults[0]} == {"TM1-01", "TM1-04"}


def test_several_data_sets_in_one_message_are_each_judged():
    """A message that mixes layouts has the rules of all of them."""
    records = [
        record(standard, no, body=content(standard, **values))
        for no, (standard, values) in enumerate(BREAKS.values(), start=1)
    ]
    check = REGISTER.check(registration(*records))
    assert {i: [f.facts["rule"] for f in faults] for i, faults in check.record_faults.items()} == {
        index: [rule] for index, rule in enumerate(BREAKS)
    }


def test_a_mistyped_record_is_not_asked_for_consistency():
    """A record with a wrong type has that fault alone."""
    body = content(TAX, A0050="x", A0270="0")
    faults = REGISTER.check(registration(record(TAX, body=body))).record_faults[0]
    assert [(fault.code, fault.place.item) for fault in faults] == [("VAL-001", "A0050")]


def test_the_verdict_is_that_of_the_reference_implementation():
    """One XPath a rule finds what the XSLT implementation of ISO Schematron finds."""
    cases = [*BREAKS.values(), *KEEPS.values(), *((standard, {}) for standard in STANDARDS.values())]
    records = [record(s, no, body=content(s, **values)) for no, (s, values) in enumerate(cases, start=1)]
    root = etree.fromstring(registration(*records))
    ours = {(rule.id, record_of(element, root)) for rule, element in CompiledRules(REGISTER.rules).broken(root)}
    reference = set().union(*(broken(path, root) for path in (SCHEMAS / "layouts").glob("*.sch")))
    assert ours == reference
    assert len(ours) == len(BREAKS)


GOOD = """<s:schema xmlns:s="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt">
<s:ns prefix="k" uri="urn:kakehashi:std-2026"/><s:pattern><s:rule context="k:TM99000000000001v1">
<s:assert id="X-1" subject="k:A0050" test="k:A0050 &gt; 0">text</s:assert></s:rule></s:pattern></s:schema>"""
UNSUPPORTED = {
    "variable": ("test=", 'test="$x" x='),
    "foreign function": ("k:A0050 &gt; 0", "document('x')"),
    "XSLT function": ("k:A0050 &gt; 0", "current()/k:A0050"),
    "no XPath": ("k:A0050 &gt; 0", "k:A0050 &gt;"),
    "unknown prefix": ("k:A0050 &gt; 0", "z:A0050"),
    "XPath 2": ('"xslt"', '"xslt2"'),
    "value-of": (">text<", '>text<s:value-of select="k:A0050"/><'),
    "let": ("<s:assert", '<s:let name="a" value="1"/><s:assert'),
    "phase": ("<s:pattern>", '<s:phase id="a"/><s:pattern>'),
    "abstract pattern": ("<s:pattern>", '<s:pattern abstract="true">'),
    "include": ("<s:pattern>", '<s:include href="x"/><s:pattern>'),
    "wide context": ('context="k:TM99000000000001v1"', 'context="k:*"'),
    "path context": ('context="k:TM99000000000001v1"', 'context="k:Content/k:TM99000000000001v1"'),
    "two rules for one context": ("</s:rule>", '</s:rule><s:rule context="k:TM99000000000001v1"/>'),
    "no id": ('id="X-1" ', ""),
    "subject path": ('subject="k:A0050"', 'subject="k:A0050/text()"'),
    "foreign element": ("<s:pattern>", '<x xmlns="urn:x"/><s:pattern>'),
    "extends": ("<s:assert", '<s:extends rule="a"/><s:assert'),
    "doctype": ("<s:schema", "<!DOCTYPE x><s:schema"),
}


def test_a_plain_schema_is_supported(tmp_path):
    """Assertions and reports compile; a report breaks when its test is true."""
    (tmp_path / "a.sch").write_text(GOOD.replace("s:assert", "s:report"), encoding="utf-8")
    assert [(rule.id, rule.item, rule.broken) for rule in load_rules(tmp_path)] == [("X-1", "A0050", "k:A0050 > 0")]


@pytest.mark.parametrize("feature", UNSUPPORTED)
def test_features_that_are_not_supported_are_refused(feature, tmp_path):
    """A schema that would be judged differently from its text is refused at load."""
    before, after = UNSUPPORTED[feature]
    assert before in GOOD
    (tmp_path / "a.sch").write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path)
    assert caught.value.faults[0].place.file == "a.sch"
