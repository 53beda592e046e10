"""Every person number of every message of the profile is swapped, nothing else, and the way back is the way there."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.unit.validation.samples import MESSAGES, SCHEMAS

from kakehashi.domain.wire_form import WireForm
from kakehashi.interface.number_swap import SLOTS, person_numbers, swap_numbers, written
from kakehashi.validation.schema import SchemaSet

SET = SchemaSet(SCHEMAS)
numbers = st.integers(1, 10**15 - 1).map(lambda number: f"{number:015d}")


def swapped(document, table, *, key_type):
    root = etree.fromstring(document)
    swap_numbers(root, table, key_type=key_type)
    return written(root)


def plain(document):
    """Without its person numbers, key type and the digest that follows from them."""
    text = re.sub(r"<\?xml.*?\?>\s*", "", document.decode(), flags=re.DOTALL)
    text = re.sub(r">[0-9]{15}</(PersonKey|FormerKey|After)>", r"></\1>", text)
    return re.sub(r"<(PersonKeyType|Sha256)>[^<]*</\1>", "", text)


@pytest.mark.parametrize("message_id", sorted(MESSAGES))
@given(st.data())
def test_there_and_back_is_the_message_itself(message_id, data):
    """Of every kind of message: valid on the way, other numbers in every slot, nothing else changed."""
    document = MESSAGES[message_id]
    own = [number for _, number in person_numbers(etree.fromstring(document))]
    assert len(own) == len(re.findall(r"<(?:PersonKey|FormerKey|After)>", document.decode()))
    unified = data.draw(st.lists(numbers, unique=True, min_size=len(set(own)), max_size=len(set(own))))
    there = dict(zip(sorted(set(own)), unified, strict=True))
    out = swapped(document, there, key_type="unified")
    assert SET.message(message_id).check(out).valid
    assert [number for _, number in person_numbers(etree.fromstring(out))] == [there[number] for number in own]
    assert plain(out) == plain(document)
    back = swapped(out, {new: old for old, new in there.items()}, key_type="atena")
    assert [number for _, number in person_numbers(etree.fromstring(back))] == own
    assert plain(back) == plain(document)
    assert "<PersonKeyType>atena<" in back.decode()


@pytest.mark.parametrize("message_id", [each for each in sorted(MESSAGES) if b"PersonKey>0" in MESSAGES[each]])
def test_a_number_that_has_none_lets_nothing_pass(message_id):
    """Not even the others of its message: it stays as it was."""
    root = etree.fromstring(MESSAGES[message_id])
    before = etree.tostring(root)
    with pytest.raises(LookupError):
        swap_numbers(root, {}, key_type="unified")
    assert etree.tostring(root) == before


def test_the_slots_are_all_that_the_schemas_call_a_person_key():
    """A new message with another slot fails here."""
    found = {
        name
        for path in SCHEMAS.glob("*.xsd")
        for name in re.findall(r'<xs:element name="(\w+)" type="PersonKey"', path.read_text(encoding="utf-8"))
    }
    assert found == SLOTS


def test_the_digest_of_a_batch_follows_its_numbers():
    """It is that of the bytes between the header and the end of the message."""
    counts = "<Seq>1</Seq><Total>1</Total><RecordCount>1</RecordCount>"
    stamp = f"<Batch><Id>{'a' * 32}</Id>{counts}<Sha256>{'A' * 43}=</Sha256></Batch>"
    document = MESSAGES["SKI-301"].replace(b"<Profile>", stamp.encode() + b"<Profile>", 1)
    out = WireForm().write(swapped(document, {"000000000000001": "900000000000019"}, key_type="unified"))
    content = out[out.find(b"</Header>") + 9 : out.rfind(b"</")]
    told = etree.fromstring(out).findtext("{*}Header/{*}Batch/{*}Sha256")
    assert told == base64.b64encode(hashlib.sha256(content).digest()).decode()
