"""Files that prove themselves complete: where the configuration accepts a layout, no part passes for the whole."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.unit.codec.households import file_of, household_layout, plain_layout
from tests.unit.codec.shapes import record, written, xml

from kakehashi.codec.compile import compile_codec
from kakehashi.codec.layout import Control, FileFormat, Kind, Layout, RecordFormat, Role
from kakehashi.runtime.intake import unproved

GROUPS = [[10, 2], [-3]]


def transfer():
    """Delimited, with a count in its trailer."""
    return Layout(
        name="transfer",
        charset="cp932",
        format=FileFormat(kind=Kind.DELIMITED, selector_start=0, selector_length=1),
        records=(
            record("data", Role.DATA, ("区分", "9", 1), ("番号", "9", 5), selector="2", columns=True),
            record("trailer", Role.TRAILER, ("区分", "9", 1), ("件数", "9", 6), selector="8", columns=True),
        ),
        controls=(Control(record="trailer", item="件数"),),
    )


def several_with_one_end():
    layout = replace(household_layout(), groups=True)
    groups = [file_of(layout, GROUPS, end=False) for _ in range(2)]
    return layout, b"".join([*groups[0], *groups[1], file_of(layout, [])[-1]])


def whole(layout):
    return layout, b"".join(file_of(layout, GROUPS))


PEOPLE = xml(("番号", "9", 3), ("氏名", "N", 10))
CASES = {
    "households": whole(household_layout()),
    "households in host code": whole(household_layout("cp930")),
    "households in lines": whole(household_layout(recfm=RecordFormat.LINE)),
    "a trailer and no end": whole(plain_layout()),
    "several groups": several_with_one_end(),
    "delimited": (transfer(), b"".join(b"2,%05d\r\n" % number for number in range(12)) + b"8,12\r\n"),
    "XML": (PEOPLE, written(PEOPLE, [{"番号": "001", "氏名": "山田"}, {"番号": "002", "氏名": "鈴木"}])),
}


@pytest.mark.parametrize("case", CASES)
def test_no_part_of_a_file_passes_for_the_whole(case):
    """Cut at every byte: something is missing, until only the last line's end or blanks behind the root are."""
    layout, content = CASES[case]
    assert layout.tells_its_end
    route = SimpleNamespace(codec=compile_codec(layout), batch_records=2)
    assert unproved(route, "f", io.BytesIO(content)) is None
    end = len(content.rstrip(b"\r\n"))
    passed = [at for at in range(1, end) if unproved(route, "f", io.BytesIO(content[:at])) is None]
    assert passed == []


@pytest.mark.parametrize("layout", [household_layout(), plain_layout()], ids=["with an end", "without"])
def test_of_several_groups_only_an_end_record_may_come_last(layout):
    """A trailer closes one group: another may follow."""
    assert replace(layout, groups=True).tells_its_end == (layout.record(Role.END) is not None)
    assert not replace(layout, records=(*layout.records[:2], layout.data)).tells_its_end
