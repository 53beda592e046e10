from __future__ import annotations

import copy
import re
import threading

import pytest
from lxml import etree
from tests.unit.validation.samples import (
    ALLOWANCE,
    ASSISTANCE,
    MESSAGES,
    NAMESPACE,
    RESIDENT,
    SCHEMAS,
    TAX,
    content,
    record,
    registration,
)

from kakehashi.errors import ConfigurationError
from kakehashi.validation.explanation import open_schema
from kakehashi.validation.schema import SchemaSet

SET = SchemaSet(SCHEMAS)
REGISTER = SET.message("DBM-201")
MESSAGE_IDS = sorted(path.stem for path in SCHEMAS.glob("[A-Z]*-*.xsd"))


def test_every_message_has_a_schema_and_a_sample():
    """The profile has the 50 messages that are spoken, and the tests know one document of each."""
    assert sorted(MESSAGES) == MESSAGE_IDS
    assert len(MESSAGE_IDS) == 50


@pytest.mark.parametrize("message_id", MESSAGES)
def test_both_processors_accept_every_message(message_id):
    """libxml2 and xmlschema take the same sample of each message."""
    schema = SET.message(message_id)
    check = schema.check(MESSAGES[message_id])
    assert check.valid, (check.faults, check.record_faults)
    assert open_schema(schema).is_valid(etree.fromstring(MESSAGES[message_id]))


@pytest.mark.parametrize("message_id", MESSAGES)
def test_a_missing_element_is_refused_by_both_or_by_neither(message_id):
    """Without any one of its elements a message gets the same verdict from both, mostly a refusal."""
    document = etree.fromstring(MESSAGES[message_id])
    schema = SET.message(message_id)
    judge = open_schema(schema)
    refused = 0
    elements = [each for each in document.iter() if each is not document]
    step = max(1, len(elements) // 40)
    for element in elements[::step]:
        cut = copy.deepcopy(document)
        victim = cut.xpath(document.getroottree().getpath(element))[0]
        victim.getparent().remove(victim)
        check = schema.check(etree.tostring(cut))
        faults = [*check.faults, *(fault for each in check.record_faults.values() for fault in each)]
        mistyped = any(fault.code != "VAL-002" for fault in faults)
        assert mistyped != judge.is_valid(cut), element.tag
        refused += mistyped
    assert refused >= len(elements[::step]) // 2


@pytest.mark.parametrize("message_id", MESSAGES)
def test_a_message_under_another_schema_is_refused(message_id):
    """No schema takes another message, not even one of the same shape."""
    other = MESSAGE_IDS[(MESSAGE_IDS.index(message_id) + 1) % len(MESSAGE_IDS)]
    assert not SET.message(other).check(MESSAGES[message_id]).valid
    renamed = MESSAGES[message_id].replace(b"<MessageId>" + message_id.encode(), b"<MessageId>" + other.encode())
    check = SET.message(message_id).check(renamed)
    assert [fault.code for fault in check.faults] == ["VAL-004"]


def test_a_type_fault_names_record_and_item():
    """Each wrong item is one fault of its own record; the neighbours have none."""
    records = [record(TAX, no) for no in range(1, 6)]
    records[1] = records[1].replace("<A0050>5000000<", "<A0050>5,000,000<").replace("<A0060>4400000<", "<A0060>x<")
    records[3] = records[3].replace("<Unit>2026<", "<Unit>二〇二六<")
    check = REGISTER.check(registration(*records))
    assert not check.faults
    assert {index: [(f.code, f.place.item) for f in faults] for index, faults in check.record_faults.items()} == {
        1: [("VAL-001", "A0050"), ("VAL-001", "A0060")],
        3: [("VAL-001", "Unit")],
    }


def test_a_fault_of_a_single_record_is_placed():
    """libxml2 leaves the count out of its path when there is one record only."""
    check = REGISTER.check(registration(record(TAX).replace("<A0050>5000000<", "<A0050>x<")))
    assert [fault.place.item for fault in check.record_faults[0]] == ["A0050"]


def test_prefixed_documents_are_placed_the_same():
    """A document with a namespace prefix gives the same record and item."""
    plain = registration(*(record(TAX, no) for no in (1, 2, 3))).decode()
    prefixed = re.sub(r"<(/?)(?=[A-Z])", r"<\1p:", plain).replace("xmlns=", "xmlns:p=")
    check = REGISTER.check(prefixed.replace("<p:A0050>5000000<", "<p:A0050>x<", 1).encode())
    assert [fault.place.item for fault in check.record_faults[0]] == ["A0050"]


def test_a_missing_item_is_named():
    """A required item that is left out is named by its own code, in the middle and at the end."""
    for code in ("A0010", "A0050", "A0290"):
        check = REGISTER.check(registration(record(TAX, body=content(TAX, **{code: None}))))
        assert [(f.code, f.place.item) for f in check.record_faults[0]] == [("VAL-001", code)]


def test_an_absence_reason_stands_only_where_the_table_allows_it():
    """A reason is one of the reasons of the item; an item without reasons cannot be absent."""
    good = record(TAX, body=content(TAX, A0050_absent="2"))
    wrong_reason = record(TAX, body=content(TAX, A0050_absent="3"))
    not_allowed = record(TAX, body=content(TAX, A0010_absent="1"))
    assert REGISTER.check(registration(good)).valid
    assert [f.code for f in REGISTER.check(registration(wrong_reason)).record_faults[0]] == ["VAL-001"]
    assert [f.code for f in REGISTER.check(registration(not_allowed)).record_faults[0]] == ["VAL-001"]


def test_an_item_repeats_as_often_as_the_table_says():
    """扶助種別 may stand eight times, not nine."""
    for times, valid in ((1, True), (8, True), (9, False)):
        body = content(ASSISTANCE).replace("<B0050>1</B0050>", "<B0050>1</B0050>" * times)
        assert REGISTER.check(registration(record(ASSISTANCE, body=body))).valid is valid


def test_a_record_in_ten_thousand_is_found():
    """The position is right far beyond 65,535 lines."""
    records = [record(ALLOWANCE, no) for no in range(1, 4001)]
    records[3998] = records[3998].replace("<C0050>2<", "<C0050>two<")
    document = registration(*records).replace(b"><", b">\n<")
    check = REGISTER.check(document)
    assert document.count(b"\n", 0, document.index(b"two")) > 65_535
    assert list(check.record_faults) == [3998]


def test_faults_of_the_header_belong_to_the_message():
    """A wrong header refuses the message as a whole."""
    document = registration(record(TAX)).replace(b"<Test>1<", b"<Test>2<")
    check = REGISTER.check(document)
    assert [(fault.code, fault.facts["message"]) for fault in check.faults] == [("VAL-004", "DBM-201")]
    assert not check.record_faults


def test_what_is_no_xml_is_a_fault_without_a_root():
    """Broken or hostile bytes never raise."""
    for document in (b"", b"<a", b"<!DOCTYPE a><a/>", b"<DBM201>" * 5000, b"\xff\xfe"):
        check = REGISTER.check(document)
        assert check.root is None
        assert [fault.code for fault in check.faults] == ["VAL-004"]


def test_many_attributes_are_refused_quickly():
    """As many attributes as the cap allows do not slow the verdict down."""
    attributes = b" ".join(b'a%d=""' % number for number in range(50_000))
    check = REGISTER.check(registration(record(TAX)).replace(b'no="1"', b'no="1" ' + attributes))
    assert [fault.code for fault in check.record_faults[0]] == ["VAL-001"]


def test_no_value_of_a_record_is_in_a_fault():
    """Whatever is wrong, the text of a fault holds codes, names and places only."""
    canary = "カナリア7392"
    document = registration(record(RESIDENT)).decode()
    for element in ("PersonKey", "Unit", "ValidFrom", "D0010", "D0040", "D0050", "D0080", "D0090"):
        wrong = re.sub(f"<{element}>[^<]*<", f"<{element}>{canary}<", document)
        check = REGISTER.check(wrong.encode())
        faults = [*check.faults, *(fault for each in check.record_faults.values() for fault in each)]
        assert faults, element
        assert all(canary not in str(fault) and canary not in repr(fault) for fault in faults)
    named = document.replace("<D0020>", f"<{canary}>").replace("</D0020>", f"</{canary}>")
    assert all(canary not in repr(fault) for fault in REGISTER.check(named.encode()).record_faults[0])


def test_threads_do_not_mix_up_their_faults():
    """Four threads check different documents with one schema; each gets its own faults."""
    wrong = []

    def work(position: int) -> None:
        records = [record(TAX, no) for no in range(1, 6)]
        records[position] = records[position].replace("<A0050>5000000<", "<A0050>x<")
        found = [list(REGISTER.check(registration(*records)).record_faults) for _ in range(30)]
        wrong.extend(each for each in found if each != [position])

    threads = [threading.Thread(target=work, args=(position,)) for position in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_schema_that_is_missing_is_a_configuration_error():
    """An unknown message is refused when it is asked for."""
    with pytest.raises(ConfigurationError) as caught:
        SET.message("DBM-999")
    assert caught.value.faults[0].code == "CFG-005"


def test_patterns_name_ranges():
    """No schema uses a character class by name, on which the two processors differ."""
    for path in SCHEMAS.rglob("*.xsd"):
        patterns = re.findall(r'<xs:pattern value="([^"]*)"', path.read_text(encoding="utf-8"))
        assert not [each for each in patterns if re.search(r"\\[dDwWpPsSiIcC]", each)], path.name
        assert NAMESPACE in path.read_text(encoding="utf-8")
