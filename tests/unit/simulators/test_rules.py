from __future__ import annotations

import pytest
from lxml import etree, isoschematron
from tests.unit.simulators.messages import TAX, XSD, inventor, key, record, registration, with_item

from kakehashi_simulators.rules import read_rules
from kakehashi_simulators.schema_folder import Checker, secure_parser

_RULES = (
    """<schema xmlns="http://purl.oclc.org/dsdl/schematron"><ns prefix="k" uri="urn:kakehashi:std-2026"/>{}</schema>"""
)


@pytest.mark.parametrize(
    "text",
    [
        "<pattern><let name='x' value='1'/><rule context='k:A'><assert test='1'/></rule></pattern>",
        "<pattern><rule context='k:A'><assert test='1'/></rule><rule context='k:B'><assert test='1'/></rule></pattern>",
        "<pattern abstract='true'><rule context='k:A'><assert test='1'/></rule></pattern>",
        "<pattern><rule context='k:A'><assert test='current() = 1'/></rule></pattern>",
        "<pattern><rule context='k:A | k:B'><assert test='1'/></rule></pattern>",
    ],
)
def test_a_rule_that_is_not_understood_stops_the_program(tmp_path, text):
    """A Schematron construct outside the subset is an error at the start, never a rule that seems to hold."""
    path = tmp_path / "rules.sch"
    path.write_text(_RULES.format(text))
    with pytest.raises(ValueError, match=r"rules\.sch|alternatives"):
        read_rules(path, secure_parser())


@pytest.mark.parametrize(
    ("item", "value", "holds"), [("A0070", "99999999", False), ("A0050", "0", False), ("A0270", "99999999", True)]
)
def test_the_verdict_is_that_of_isoschematron(item, value, holds):
    """Our XPath reading of the shipped rules and lxml's full Schematron processor agree."""
    document = registration("x", [record(1, key(1)), record(2, key(2), content=with_item(item, value))])
    root = etree.fromstring(document)
    full = isoschematron.Schematron(etree.parse(XSD / "layouts" / f"{TAX}-v1.sch"))
    violations = Checker(XSD).violations(root, "DBM-201")
    assert full.validate(root) is holds
    assert (not violations) is holds
    assert all((violation.position, violation.code) == (1, "4002") for violation in violations)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_invented_contents_are_sound(number):
    """What the simulator invents for 200 persons breaks neither schema nor rules of any layout."""
    info = f"TM9900000000000{number}"
    records = [record(no, key(no), info=info) for no in range(1, 201)]
    assert Checker(XSD).violations(etree.fromstring(registration("x", records)), "DBM-201") == []


def test_inventions_are_deterministic():
    """The same person always gets the same content, another person another."""
    assert inventor().content(TAX, key(1)) == inventor().content(TAX, key(1))
    assert len({inventor().content(TAX, key(number)) for number in range(50)}) == 50
