"""What the functions DBM, SKI and LINK ask of a route."""

import pytest
from tests.unit.config.folders import MAPPING_FILE, RETURN_FILE, ROUTE, ROUTE_FILE, faults_of, seen, write

from kakehashi.config.loader import load
from kakehashi.config.model import LinkPlan, ReturnContext

LINK_ROUTE = ROUTE.replace('"DBM"', '"LINK"').replace('info_name = "TM99000000000003"', "").partition("[return]")[0]
LINK = "target,source\n@system,区分\n@atena,宛名番号\n@unified,月額\n@number,氏名\n"
SKI_ROUTE = ROUTE.replace('"DBM"', '"SKI"').replace('info_name = "TM99000000000003"', "")
SKI = """\
target,source
@person,宛名番号
AffairCode,=JM99000000000001
ProcedureCode,=JT99000000000001
InfoName,=TM99000000000003
ProviderAgency,=9999000000000020
RequesterDepartment,=99990001
ConditionType,=1
YearType,=0
RequestedAt,=20260401120000000
"""
ANSWERS = """\
name,type,length,source,converters
宛名番号,9,15,宛名番号,
状態,X,9,$status,
区分,X,1,C0010,
生年月日,X,5,C0080,first | date_as(yyyy)
"""


def test_a_link_route_says_where_numbers_stand(tmp_path):
    """LINK has indices into the row and neither mapper nor standard: no text is ever made of its values."""
    route = load(write(tmp_path, {ROUTE_FILE: LINK_ROUTE, MAPPING_FILE: LINK})).routes["child-allowance"]
    assert route.link == LinkPlan(system=7, atena=0, unified=4, number=8)
    assert route.return_plan is None
    for part in ("mapper", "standard"):
        with pytest.raises(LookupError):
            getattr(route, part)


@pytest.mark.parametrize(
    ("mapping", "faults"),
    [
        (LINK.replace("@number,氏名\n", ""), []),
        (LINK.replace("@unified,月額\n", ""), [("CFG-009", MAPPING_FILE, None, "target")]),
        (LINK.replace("月額", "金額"), [("CFG-006", MAPPING_FILE, 4, "source")]),
        (LINK.replace("@unified", "@united"),
         [("CFG-006", MAPPING_FILE, 4, "target"), ("CFG-009", MAPPING_FILE, None, "target")]),
        (LINK.replace("月額", "月額 氏名"), [("CFG-008", MAPPING_FILE, 4, "target")]),
        (LINK.replace("target,source", "target,source,converters").replace("月額", "月額,trim"),
         [("CFG-008", MAPPING_FILE, 4, "target")]),
    ],
)  # fmt: skip
def test_numbers_are_linked_as_they_stand(tmp_path, mapping, faults):
    """@system, @atena and @unified are needed, each one item without converters."""
    changes = {ROUTE_FILE: LINK_ROUTE, MAPPING_FILE: mapping}
    if faults:
        assert seen(faults_of(tmp_path, changes)) == faults
    else:
        assert load(write(tmp_path, changes)).routes["child-allowance"].link.number is None


def test_an_inquiry_asks_with_elements_and_returns_answers(tmp_path):
    """SKI maps to the profile's elements; its result file echoes the request and shows items of the answer."""
    route_text = SKI_ROUTE.replace("record_length = 30", "")
    changes = {ROUTE_FILE: route_text, MAPPING_FILE: SKI, RETURN_FILE: ANSWERS}
    route = load(write(tmp_path, changes)).routes["child-allowance"]
    row = tuple("0" for _ in route.codec.fields)
    mapped, faults = route.mapper.map([row], numbers=[1])
    assert faults == []
    assert mapped[0].content.startswith("<AffairCode>JM99000000000001</AffairCode>")
    assert mapped[0].unit == ""
    context = ReturnContext(status="found", answers={"C0010": "1", "C0080": ("2019-05", "2021-07-01")})
    made = route.return_plan.records[0].row(row, context)
    assert (made["宛名番号"], made["状態"], made["区分"], made["生年月日"]) == ("0", "found", "1", "2019")


def test_a_broken_profile_is_not_held_against_the_results_that_name_its_items(tmp_path):
    """The profile's own fault alone: its items are unknown then, not wrong; what is no item at all still is."""
    changes = {
        ROUTE_FILE: SKI_ROUTE.replace("record_length = 30", ""),
        MAPPING_FILE: SKI,
        RETURN_FILE: f"{ANSWERS}空,X,5,$nothing,\n",
    }
    folder = write(tmp_path, changes)
    results = folder / "profiles" / "std-2026" / "results.csv"
    results.write_text(results.read_text(encoding="utf-8") + "9999;1\n", encoding="utf-8")
    assert [(code, file.rpartition("/")[2]) for code, file, _, _ in seen(faults_of(folder, changes))] == [
        ("CFG-008", "results.csv"),
        ("CFG-006", "return.csv"),
    ]
