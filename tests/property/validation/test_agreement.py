from __future__ import annotations

import re
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.unit.validation.reference_schematron import broken
from tests.unit.validation.samples import SCHEMAS, STANDARDS, content, record, registration

from kakehashi.domain.data_standard import StandardItem, StandardType
from kakehashi.domain.identifiers import has_individual_check_digit
from kakehashi.validation.explanation import open_schema
from kakehashi.validation.individual_number_scan import find_individual_number, find_individual_number_in_document
from kakehashi.validation.rules import CompiledRules
from kakehashi.validation.schema import SchemaSet
from kakehashi.validation.schema_fault import record_of

REGISTER = SchemaSet(SCHEMAS).message("DBM-201")
CALM = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

# What people and other systems write where a number, a date or a code should stand.
ODD_NUMBERS = ["", " ", "0", "-0", "+1", "00", "01", "1.", ".5", "1e3", "１２", "٣", "۱", " 1", "1 ", "1\t", "\u00a0"]
ODD_DAYS = [
    "2026-02-29",
    "2024-02-29",
    "1900-02-29",
    "0000-01-01",
    "2026-1-1",
    "2026-04-31",
    "12026-01-01",
    "2026-01-01 ",
]
ODD_DATES = ["0000", "0000-01", "2026-13", "2026-00", "-2026", "2026Z", "2026-01-01Z", "2026-01-01+09:00", "２０２６"]
ODD_TEXTS = [
    "カケハシ",
    "ｶｹﾊｼ",
    "かけはし",
    "ヷ",
    "ー",
    "\u3000",
    "𠮷野家",
    "\U0003134f",
    "\ufffd",
    "葛\U000e0100",
    "a\nb",
    "&amp;",
]
ODD = st.sampled_from([*ODD_NUMBERS, *ODD_DAYS, *ODD_DATES, *ODD_TEXTS])
DIGITS = st.text("0123456789", max_size=13)
NUMBERS = st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{1,5})?", fullmatch=True)
DATES = st.from_regex(r"[0-9]{4}(-[01][0-9](-[0-3][0-9])?)?", fullmatch=True)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="<&>\r\ufffe\uffff", exclude_categories=["Cc", "Cs"]), max_size=12
)
LONG = st.sampled_from(["架", "カ", "𠮷"]).flatmap(lambda one: st.integers(1, 260).map(lambda n: one * n))
VALUES = st.one_of(ODD, DIGITS, NUMBERS, DATES, TEXTS, LONG)
ITEMS = [(standard, item) for standard in STANDARDS.values() for item in standard.items]


@cache
def _judge():
    return open_schema(REGISTER)


def _holds(item: StandardItem, value: str) -> bool:
    """The types of the tables, a third time and in Python."""
    whole = item.digits - item.decimals
    match item.type:
        case StandardType.TEXT:
            return 0 < len(value) <= item.digits and not re.search("[\t\n\r]", value)
        case StandardType.KANA:
            return 0 < len(value) <= item.digits and not re.search("[^ァ-ヶ・ーヽヾ゛゜\u3000（）－]", value)
        case StandardType.DIGITS:
            return bool(re.fullmatch(f"[0-9]{{1,{item.digits}}}", value))
        case StandardType.INTEGER:
            return bool(re.fullmatch(f"0|-?[1-9][0-9]{{0,{item.digits - 1}}}", value))
        case StandardType.DECIMAL:
            return bool(re.fullmatch(rf"-?(0|[1-9][0-9]{{0,{whole - 1}}})(\.[0-9]{{1,{item.decimals}}})?", value))
        case StandardType.CODE:
            return value in (item.codes or ())
        case StandardType.DATE:
            return _is_date(value)


def _is_date(value: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", value):
        return False
    year, month, day = (int(part) for part in (value + "-01-01")[:10].split("-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return year > 0 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


@settings(CALM, max_examples=300)
@given(target=st.sampled_from(ITEMS), value=VALUES)
def test_both_processors_and_the_table_agree_on_every_value(target, value):
    """libxml2, xmlschema and the table's own words take and refuse the same values of each item."""
    standard, item = target
    written = value.replace("\t", "&#9;").replace("\n", "&#10;").replace("&amp;", "&amp;amp;")
    document = registration(record(standard, body=content(standard, **{item.code: written})))
    check = REGISTER.check(document)
    assert not check.faults
    mistyped = [fault.place.item for fault in check.record_faults.get(0, ()) if fault.code == "VAL-001"]
    assert (not mistyped) == _holds(item, value)
    assert mistyped in ([], [item.code])
    assert _judge().is_valid(etree.fromstring(document)) == (not mistyped)


AMOUNTS = st.integers(-300, 300).map(str)
PARTIAL = st.from_regex(r"20(24|25)(-0[1-3](-0[1-3])?)?", fullmatch=True)


@st.composite
def _records(draw):
    """A record of any layout whose numbers and dates lie close together, some absent: rules break often."""
    standard = draw(st.sampled_from(list(STANDARDS.values())))
    values = {}
    for item in standard.items:
        if item.absence and draw(st.integers(0, 9)) == 0:
            values[f"{item.code}_absent"] = min(item.absence)
        elif item.type is StandardType.INTEGER:
            values[item.code] = draw(AMOUNTS)
        elif item.type is StandardType.DATE:
            values[item.code] = draw(PARTIAL)
    return standard, values


@settings(CALM, max_examples=60)
@given(cases=st.lists(_records(), min_size=1, max_size=4))
def test_rules_agree_with_the_reference_implementation(cases):
    """On generated records one XPath a rule finds what the XSLT implementation of ISO Schematron finds."""
    records = [record(s, no, body=content(s, **values)) for no, (s, values) in enumerate(cases, start=1)]
    root = etree.fromstring(registration(*records))
    ours = {(rule.id, record_of(element, root)) for rule, element in CompiledRules(REGISTER.rules).broken(root)}
    assert ours == set().union(*(broken(path, root) for path in (SCHEMAS / "layouts").glob("*.sch")))


WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
SEPARATORS = " \t-\u3000\uff0d\u2010\u2212\u30fc\u00a0\uff70"


@st.composite
def _numbers(draw):
    """A number with a valid check digit, made here, in one of its written forms."""
    head = draw(st.text("0123456789", min_size=11, max_size=11))
    number = next(head + last for last in "0123456789" if has_individual_check_digit(head + last))
    digits = [draw(st.sampled_from([digit, digit.translate(WIDE)])) for digit in number]
    if draw(st.booleans()):
        return "".join(digits)
    first, second = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(SEPARATORS))
    return "".join(digits[:4]) + first + "".join(digits[4:8]) + second + "".join(digits[8:])


@settings(CALM, max_examples=500)
@given(before=TEXTS, number=_numbers(), after=TEXTS)
def test_a_number_is_found_wherever_it_stands(before, number, after):
    """No text around a number hides it, unless a digit touches it."""
    text = f"{before}、{number}、{after}"
    position = find_individual_number(text)
    assert position is not None
    assert position <= len(before) + 1
    assert find_individual_number_in_document(text.encode()) == position
