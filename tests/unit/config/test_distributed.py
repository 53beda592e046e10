"""「配信の照合」 What the server announces is held against routes and profile, with the row that will be wrong."""

import dataclasses
import shutil
from datetime import date

import pytest
from tests.unit.pipeline.two_versions import INFO, edit, two_versions

from kakehashi.config.distributed import findings
from kakehashi.config.loader import load
from kakehashi.domain.data_standard import StandardType
from kakehashi.domain.distribution import (
    CodeMaster,
    DistributedItem,
    DistributedLayout,
    Distribution,
    Period,
    contradictions,
)
from kakehashi.runtime.places import shared

TODAY, LATER = date(2026, 6, 1), date(2026, 7, 1)
ROUTE, TABLE = "tax-levy", "tables/tax-taxation.csv"
INQUIRY, RESULT = "welfare-inquiry", "routes/welfare-inquiry/return.csv"


@pytest.fixture(scope="module")
def configuration():
    return load(shared("config"), as_of=TODAY)


def master(*codes, name="taxation-kind", version="2", first=LATER, last=None):
    return CodeMaster(name=name, version=version, period=Period(first=first, last=last), codes=codes)


def layout(version="1", first=date(2026, 4, 1), last=None, items=()):
    return DistributedLayout(info_name=INFO, version=version, period=Period(first=first, last=last), items=items)


def others(configuration):
    """The layouts that are not the levy's, as they are."""
    keys = [key for key in configuration.profile.standards if key[0] != INFO]
    return [dataclasses.replace(layout(version), info_name=name) for name, version in keys]


def items_of(configuration, **changes):
    """The levy's items as the server would distribute them; `changes` by item code, None: left out."""
    for item in configuration.profile.standards[INFO, "1"].items:
        what = changes.get(item.code, {})
        if what is not None:
            fields = {name: getattr(item, name) for name in
                      ("code", "name", "type", "digits", "decimals", "occurs", "required", "absence")}  # fmt: skip
            yield DistributedItem(**{**fields, "code_master": item.code_list, **what})


def seen(found, *, breaks=True):
    return [(e.code, e.day, e.route, e.file, e.line, e.item) for e in found if e.breaks is breaks]


def test_what_is_as_the_profile_says_is_no_finding(configuration):
    """The layouts and codes of the profile, distributed as they are, are nothing to tell."""
    lists = {i.code_list: i.codes for each in configuration.profile.standards.values() for i in each.items if i.codes}
    masters = tuple(master(*sorted(codes), name=name, first=TODAY) for name, codes in lists.items())
    layouts = (layout(items=tuple(items_of(configuration))), *others(configuration))
    assert contradictions(Distribution(layouts=layouts, masters=masters)) == []
    assert findings(configuration, Distribution(layouts=layouts, masters=masters), TODAY) == []


def test_a_code_that_vanishes_is_found_with_its_table_and_row(configuration):
    """The row that gives the code, and the day from which the server refuses it; the new code is told besides."""
    found = findings(configuration, Distribution(masters=(master("1", "2", "4", "5"),)), TODAY)
    assert seen(found) == [("DST-010", LATER, ROUTE, TABLE, 4, "A0030")]
    assert [(e.code, e.about) for e in found if not e.breaks] == [
        ("DST-017", "taxation-kind v2 +5 -3"),
        ("DST-015", "taxation-kind 5"),
    ]


def test_a_row_that_ends_in_time_is_no_finding(tmp_path):
    """With `valid_to` on the day before, the table says of that day what the new code master has."""
    config, _ = two_versions(tmp_path, route="")
    edit(config / TABLE, ("30,3,,,", "30,3,,2026-06-30,"))
    found = findings(load(config, as_of=TODAY), Distribution(masters=(master("1", "2", "4"),)), TODAY)
    assert seen(found) == []


def test_a_version_that_ends_breaks_the_route_on_the_next_day(configuration):
    """Batches would still begin with a version that the server has stopped to take."""
    layouts = (layout(last=LATER), *others(configuration))
    found = findings(configuration, Distribution(layouts=layouts), TODAY)
    assert seen(found) == [("DST-014", date(2026, 7, 2), ROUTE, f"routes/{ROUTE}/route.toml", None, "mapping.version")]


def test_a_new_version_is_tried_before_the_route_has_it(configuration):
    """An item that must be there, one that is gone, one that is smaller: each with its row, and nothing breaks yet."""
    new = {"code": "A0350", "name": "森林環境税額", "type": StandardType.INTEGER, "required": True}
    items = items_of(configuration, A0190=None, A0050={"digits": 9})
    items = (*items, DistributedItem(**new, digits=7, decimals=0, occurs=1, code_master="", absence=frozenset("1")))
    layouts = (layout(), layout("2", first=LATER, items=items), *others(configuration))
    found = findings(configuration, Distribution(layouts=layouts), TODAY)
    assert seen(found) == []
    mapping = f"routes/{ROUTE}/mapping.csv"
    assert {each[:1] + each[3:] for each in seen(found, breaks=False)} == {
        ("DST-016", f"routes/{ROUTE}/route.toml", None, "mapping.next"),
        ("DST-017", f"profiles/std-2026/layouts/{INFO}/v2.csv", None, ""),
        ("DST-011", mapping, None, "A0350"),
        ("DST-012", mapping, 27, "A0190"),
        ("DST-012", RESULT, 28, "A0190"),
        ("DST-013", mapping, 13, "A0050"),
    }
    assert {each.day for each in found} == {LATER}


def test_a_route_with_the_next_version_is_ready(tmp_path):
    """Both versions distributed on the days that the route gives them: nothing breaks."""
    config, _ = two_versions(tmp_path)
    loaded = load(config, as_of=date(2026, 4, 1))
    layouts = (layout(last=date(2026, 12, 31)), layout("2"), *others(loaded))
    assert findings(loaded, Distribution(layouts=layouts), date(2026, 4, 1)) == []
    late = (layout(last=date(2026, 12, 31)), layout("2", first=date(2026, 5, 1)), *others(loaded))
    found = findings(loaded, Distribution(layouts=late), date(2026, 4, 1))
    assert [(e.code, e.day, e.about) for e in found if e.breaks] == [("DST-014", date(2026, 4, 2), f"{INFO} v2")]


def test_special_days_that_only_one_side_has_are_told(configuration):
    """A day that the server is closed and the calendar does not know; what is over is not told."""
    special = (("holiday", "2026-12-31", "2026-12-31"), ("maintenance", "2026-05-01T01:00", "2026-05-01T02:00"))
    (found,) = findings(configuration, Distribution(special=special), TODAY)
    assert (found.code, found.day, found.breaks) == ("DST-018", date(2026, 12, 31), False)
    assert found.about == "+holiday 2026-12-31T00:00/2027-01-01T00:00"


@pytest.mark.parametrize(
    ("distribution", "about"),
    [
        (Distribution(layouts=(layout(), layout())), [f"{INFO} v1"]),
        (Distribution(layouts=(layout(first=LATER, last=TODAY),)), [f"{INFO} v1: 2026-07-01 – 2026-06-01"]),
        (Distribution(masters=(master("1", "1"),)), ["taxation-kind v2: 1"]),
        (Distribution(masters=(master("1"), master("2", version="3"))), ["taxation-kind v2, taxation-kind v3"]),
    ],
)
def test_what_contradicts_itself_is_named(distribution, about):
    """The same version twice, days backwards, a code twice, two versions of one list on one day."""
    assert contradictions(distribution) == about


def test_what_a_result_has_no_room_for_is_found(configuration):
    """An item of the answer that grows past its column breaks; one that grows within it, or is gone, does not."""
    items = items_of(configuration, A0050={"digits": 14}, A0060={"digits": 13}, A0190=None)
    layouts = (layout(), layout("2", first=LATER, items=tuple(items)), *others(configuration))
    found = findings(configuration, Distribution(layouts=layouts), TODAY)
    assert seen(found) == [("DST-019", LATER, INQUIRY, RESULT, 14, "A0050")]
    (gone,) = [each for each in found if each.route == INQUIRY and not each.breaks]
    assert (gone.code, gone.file, gone.item) == ("DST-012", RESULT, "A0190")


def test_a_new_code_that_no_row_of_a_results_table_takes_is_found(tmp_path):
    """From the day on which the server may give it; a row that begins on that day is enough."""
    config = shutil.copytree(shared("config"), tmp_path / "config")
    table = config / "tables" / "taxation-back.csv"
    table.write_text("source,target,valid_from\n1,10,\n2,20,\n3,30,\n4,40,\n", "utf-8")
    edit(config / RESULT, (",converters,note", ",converters,note,table"),
         ("課税区分,X,10,,,,A0030,,", "課税区分,X,10,,,,A0030,code,,taxation-back"))  # fmt: skip
    given = Distribution(masters=(master("1", "2", "3", "4", "5"),))
    found = findings(load(config, as_of=TODAY), given, TODAY)
    assert seen(found) == [("DST-020", LATER, INQUIRY, "tables/taxation-back.csv", None, "A0030")]
    table.write_text(table.read_text("utf-8") + "5,50,2026-07-01\n", "utf-8")
    assert seen(findings(load(config, as_of=TODAY), given, TODAY)) == []
