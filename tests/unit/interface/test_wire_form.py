import re
import shutil

import pytest
from lxml import etree
from tests.services.other_format import PROFILE as OTHER
from tests.services.other_format import make_other_format
from tests.unit.validation.samples import MESSAGES, PROFILE, SCHEMAS

from kakehashi.domain.wire_form import OUR_FORM, WireForm
from kakehashi.errors import ConfigurationError
from kakehashi.interface.profile import load_profile
from kakehashi.validation.canonical import canonical_bodies
from kakehashi.validation.schema import SchemaSet

DIGEST = f"<Sha256>{'A' * 43}=</Sha256>"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """(profile, schemas) with other names for everything."""
    config = shutil.copytree(PROFILE.parents[1], tmp_path_factory.mktemp("other") / "config")
    schemas = make_other_format(config)
    profile = load_profile(config / "profiles" / OTHER)
    return profile, SchemaSet(schemas, form=profile.form)


@pytest.mark.parametrize("message_id", MESSAGES)
def test_every_message_goes_out_and_comes_back_under_other_names(other, message_id):
    """No name of ours is left on the wire, the other schema takes it, and what is read has our names again."""
    profile, schemas = other
    document = re.sub(rb"<Code>(\d{4})</Code>", rb"<Code>R-\1</Code>", MESSAGES[message_id])
    wire = profile.form.write(document)
    check = schemas.message(message_id).check(wire)
    assert (check.faults, check.record_faults) == ((), {})
    assert profile.form.message_in(wire) == message_id
    assert canonical_bodies(wire, profile.form) == canonical_bodies(document)
    ours = {
        name for path in SCHEMAS.glob("*.xsd") for name in re.findall(r'element name="(\w+)"', path.read_text("utf-8"))
    }
    assert not {each.tag for each in etree.fromstring(wire).iter() if etree.QName(each).localname in ours}


def test_faults_are_told_by_our_names_at_their_record(other):
    """An operator reads the same item and the same record whatever the wire calls them."""
    profile, schemas = other
    document = MESSAGES["DBM-201"].replace(b"<Unit>2026</Unit>", b"<Unit>?</Unit>", 1)
    (faults,) = schemas.message("DBM-201").check(profile.form.write(document)).record_faults.values()
    assert [(fault.code, fault.place.item) for fault in faults] == [("VAL-001", "Unit")]
    assert schemas.message("DBM-201").explain(profile.form.write(document), 0)


def test_our_own_names_cost_nothing():
    """A document without a batch is the very same object."""
    document = MESSAGES["SYM-901"]
    assert OUR_FORM.write(document) is document


def test_a_number_has_the_length_of_the_wire():
    """Zeros in front go and come; a number that does not fit is left for the schema to refuse."""
    form = WireForm(person_digits=12)
    assert form.write(b"<PersonKey>000000000000042</PersonKey>") == b"<PersonKey>000000000042</PersonKey>"
    assert form.write(b"<PersonKey>900000000000042</PersonKey>") == b"<PersonKey>900000000000042</PersonKey>"
    assert form.our_value("PersonKey", "000000000042") == "000000000000042"


def test_text_that_looks_like_a_name_stays(other):
    """Only markup is renamed: an escaped name in a text is text."""
    form = WireForm(elements={"Name": "Shimei"}, values={("Sex", "1"): "M"})
    assert form.write(b"<Name>&lt;Name&gt; Name</Name><Sex>1</Sex><Age>1</Age>") == (
        b"<Shimei>&lt;Name&gt; Name</Shimei><Sex>M</Sex><Age>1</Age>"
    )


NAMES = "kind,name,wire,note\n"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("elements,Name,Shimei,", 2),
        ("element,Name,1st,", 2),
        ("element,Name,Shimei,\nelement,Kana,Shimei,", 3),
        ("element,Name,Shimei,\nelement,Name,Namae,", 3),
        ("value,Sex,M,", 2),
        ("value,Sex=male,1,\nvalue,Sex=female,1,", 3),
        ("digits,PersonKey,many,", 2),
    ],
)
def test_a_wrong_row_of_the_table_is_named(tmp_path, row, line):
    """Unknown kind, impossible name, one name for two things, a value without its element, no number."""
    folder = shutil.copytree(PROFILE, tmp_path / "profile")
    (folder / "names.csv").write_text(f"{NAMES}{row}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_profile(folder)
    assert [(fault.code, fault.place.file, fault.place.record) for fault in caught.value.faults] == [
        ("CFG-008", "names.csv", line)
    ]


def test_two_elements_may_share_a_value(tmp_path):
    """1 for male and 1 for yes are two things."""
    folder = shutil.copytree(PROFILE, tmp_path / "profile")
    (folder / "names.csv").write_text(f"{NAMES}value,Sex=male,1,\nvalue,Test=1,1,\n", encoding="utf-8")
    assert load_profile(folder).form.values == {("Sex", "male"): "1", ("Test", "1"): "1"}
