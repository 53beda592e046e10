"""What [links], a LINK route's attributes and the table of variants may say."""

from datetime import date

import pytest
from tests.unit.config.folders import GATEWAY, MAPPING_FILE, ROUTE_FILE, faults_of, seen, write
from tests.unit.config.test_functions import LINK, LINK_ROUTE

from kakehashi.config.loader import load
from kakehashi.domain.link import LinkEvent
from kakehashi.matching.attribute import Attribute

SEX = "source,target\n1,male\n2,female\n9,\n"
EVENT = "source,target\n1,linked\n2,changed\n"
ATTRIBUTES = "@name,氏名,\n@birth,認定日,\n@sex,区分,sex\n@address,氏名 支援,\n"
FULL = LINK.replace("target,source", "target,source,table").replace("\n@", "\n@") + ATTRIBUTES
BASE = {ROUTE_FILE: LINK_ROUTE, MAPPING_FILE: FULL, "tables/sex.csv": SEX, "tables/event.csv": EVENT}
SYSTEM_B = {"systems/care/system.toml": 'name = "care"\n'}


def links(text):
    return {"gateway.toml": f"{GATEWAY}[links]\n{text}\n"}


def test_attributes_are_indices_with_the_items_that_faults_name(tmp_path):
    """All four, by the first item of each; the events by the body's own codes."""
    mapping = {MAPPING_FILE: f"{FULL}@event,支援,event\n@since,認定日,\n@former_name,氏名,\n"}
    route = load(write(tmp_path, {**BASE, **mapping})).routes["child-allowance"]
    plan = route.link.attributes
    assert (plan.names, plan.former, plan.kana, plan.address) == ((8,), (8,), (), (8, 6))
    assert plan.items == {
        Attribute.NAME: "氏名",
        Attribute.BIRTH: "認定日",
        Attribute.SEX: "区分",
        Attribute.ADDRESS: "氏名",
    }
    assert plan.sexes == {"1": "male", "2": "female", "9": ""}
    assert route.link.events == {"1": LinkEvent.LINKED, "2": LinkEvent.CHANGED}
    assert (plan.reference, plan.keep, route.link.prefix) == (False, False, None)


def test_full_mode_keeps_and_issues(tmp_path):
    """The mode of the gateway is what its routes do."""
    route = load(write(tmp_path, {**BASE, **links('mode = "full"\nprefix = "77"')})).routes["child-allowance"]
    assert route.link.attributes.keep
    assert route.link.prefix == "77"


@pytest.mark.parametrize("missing", ["@name", "@birth", "@sex", "@address"])
def test_three_attributes_are_a_fault(tmp_path, missing):
    """Three of three would pass for four of four."""
    mapping = "".join(line for line in FULL.splitlines(keepends=True) if not line.startswith(missing))
    faults = faults_of(tmp_path, {**BASE, MAPPING_FILE: mapping})
    assert seen(faults) == [("CFG-009", MAPPING_FILE, None, "target")]
    assert faults[0].facts == {"name": missing}


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({MAPPING_FILE: FULL.replace("@sex,区分,sex", "@sex,区分,")}, [("CFG-008", MAPPING_FILE, 8, "table")]),
        ({MAPPING_FILE: FULL.replace("@sex,区分,sex", "@sex,区分,absent")}, [("CFG-006", MAPPING_FILE, 8, "table")]),
        ({MAPPING_FILE: FULL.replace("@birth,認定日,", "@birth,認定日,sex")}, [("CFG-008", MAPPING_FILE, 7, "table")]),
        ({"tables/sex.csv": SEX.replace("female", "woman")}, [("CFG-008", MAPPING_FILE, 8, "table")]),
        ({MAPPING_FILE: FULL.replace("@birth,認定日", "@birth,認定日 開始")}, [("CFG-008", MAPPING_FILE, 7, "target")]),
        (links('base = "nobody"'), [("CFG-006", "gateway.toml", None, "links.base")]),
        (links('numbers = { child = "nobody" }'), [("CFG-006", "gateway.toml", None, "links.numbers.child")]),
        (links('mode = "some"'), [("CFG-003", "gateway.toml", None, "links.mode")]),
        (links("hold_mismatches = 6"), [("CFG-003", "gateway.toml", None, "links.hold_mismatches")]),
        (links("hold_per_mille = 2"), [("CFG-003", "gateway.toml", None, "links.hold_per_mille")]),
        (links('in_force_from = "2026-12-01"'), [("CFG-003", "gateway.toml", None, "links.in_force_from")]),
        (links("in_force_from = 2026-12-01T09:00:00"), [("CFG-003", "gateway.toml", None, "links.in_force_from")]),
        (links('prefix = "x"'), [("CFG-003", "gateway.toml", None, "links.prefix")]),
        ({**links('mode = "full"'), MAPPING_FILE: FULL.replace("@number,氏名\n", "")},
         [("CFG-009", MAPPING_FILE, None, "target")]),
        ({"matching/variants.csv": "character,compared_as\n髙,高\n髙,隆\n澤田,沢\n"},
         [("CFG-008", "matching/variants.csv", 3, "character"), ("CFG-008", "matching/variants.csv", 4, "character")]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_fault_at_its_place(tmp_path, changes, faults):
    """Unknown names, tables that are missing or say unknown words, thresholds that would weaken the hold."""
    assert seen(faults_of(tmp_path, {**BASE, **changes})) == faults


def test_the_day_of_enforcement_is_a_day(tmp_path):
    """As TOML writes one; what is wrong with another form is told in words. Without it numbers are in force."""
    plan = load(write(tmp_path, {**BASE, **links("in_force_from = 2026-12-01")})).routes["child-allowance"].link
    assert plan.in_force_from == date(2026, 12, 1)
    assert load(write(tmp_path, BASE)).gateway.links.in_force_from is None
    (fault,) = faults_of(tmp_path, {**BASE, **links("in_force_from = 20261201")})
    assert fault.facts["expected"] == "a day without quotes: 2026-12-01"


def test_numbers_come_from_a_system_that_has_its_own(tmp_path):
    """A system uses another one's numbers, which are that one's own: no chains."""
    good = links('numbers = { care = "child" }')
    assert load(write(tmp_path, {**BASE, **SYSTEM_B, **good})).routes["child-allowance"].numbers == "child"
    used = links('numbers = { child = "care" }')
    assert load(write(tmp_path, {**BASE, **SYSTEM_B, **used})).routes["child-allowance"].numbers == "care"
    chain = links('numbers = { care = "child", child = "care" }')
    assert [code for code, *_ in seen(faults_of(tmp_path, {**BASE, **SYSTEM_B, **chain}))] == ["CFG-003", "CFG-003"]


def test_a_base_system_makes_the_unified_number_optional(tmp_path):
    """Pass-through: its 宛名番号 serves where an extract brings no 団体内統合宛名番号."""
    mapping = {MAPPING_FILE: FULL.replace("@unified,月額\n", "")}
    assert [code for code, *_ in seen(faults_of(tmp_path, {**BASE, **mapping}))] == ["CFG-009"]
    plan = load(write(tmp_path, {**BASE, **mapping, **links('base = "child"')})).routes["child-allowance"].link
    assert (plan.unified, plan.base) == (None, "child")
