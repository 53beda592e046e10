"""Several header–trailer groups in one file, one for each municipality: each has its own count, sum and header."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.codec.households import LENGTH, file_of, household_layout, plain_layout
from tests.unit.codec.shapes import decode_file, split, told

from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.layout import Control, RecordFormat, Role
from kakehashi.domain.batch import BatchBody


def several(layout, **more):
    return replace(layout, groups=True, **more)


def groups_of(layout, *amounts, each_ends=False):
    """One group of records a municipality; the end record closes all of them, or each."""
    made = [file_of(layout, groups, end=each_ends) for groups in amounts]
    dated = [[b"12026040" + b"%d" % number + group[0][9:], *group[1:]] for number, group in enumerate(made, start=1)]
    records = [record for group in dated for record in group]
    return records if each_ends or not layout.record(Role.END) else [*records, file_of(layout, [])[-1]]


def decoded(layout, data, *, batch=1000):
    """Rows and faults of every slice, each under its own header."""
    codec = compile_codec(layout)
    whole = split(layout, data, batch=batch)
    rows, faults = [], []
    for part in whole.slices:
        body = BatchBody(whole.header_of(part), data[part.offset : part.offset + part.length])
        found = codec.decode(body, file="case.dat", first_record=part.first_record, offset=part.offset)
        assert codec.encode(body, found) == body.data or found.faults
        rows += found.rows
        faults += found.faults
    return whole, rows, faults


@pytest.mark.parametrize("recfm", [RecordFormat.F, RecordFormat.LINE])
@pytest.mark.parametrize("each_ends", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_each_record_carries_the_header_of_its_own_group(recfm, each_ends, batch):
    """Numbers go on from group to group; a slice never holds two groups."""
    layout = several(household_layout(recfm=recfm))
    data = b"".join(groups_of(layout, [[1, 2], [3]], [[4]], [[5, 6]], each_ends=each_ends))
    whole, rows, faults = decoded(layout, data, batch=batch)
    assert (whole.faults, faults, whole.records) == ((), [], 6)
    assert [(row[2], row[8].iso()) for row in rows] == [
        (1, "2026-04-01"), (2, "2026-04-01"), (3, "2026-04-01"),
        (4, "2026-04-02"), (5, "2026-04-03"), (6, "2026-04-03"),
    ]  # fmt: skip
    assert next(part.first_record for part in whole.slices) == 1
    assert sum(part.records for part in whole.slices) == 6


def test_count_and_sum_are_checked_in_every_group():
    """A record that moved from one municipality to the next is found, though the file as a whole adds up."""
    layout = several(plain_layout())
    one, two = file_of(layout, [[1, 2]]), file_of(layout, [[3]])
    moved = b"".join([one[0], one[1], one[3], two[0], one[2], *two[1:]])
    faults = split(layout, moved).faults
    assert [(fault.code, fault.place.offset) for fault in faults] == [
        ("DEC-010", 2 * LENGTH + 1), ("DEC-011", 2 * LENGTH + 6),
        ("DEC-010", 6 * LENGTH + 1), ("DEC-011", 6 * LENGTH + 6),
    ]  # fmt: skip
    assert [dict(fault.facts) for fault in faults][:2] == [
        {"declared": "2", "counted": "1"},
        {"declared": "3", "counted": "1"},
    ]


def test_an_end_record_counts_the_whole_file_or_its_own_group():
    """Whatever came since the end record before."""
    base = household_layout()
    trailer = next(record for record in base.records if record.role is Role.TRAILER)
    end = replace(trailer, name="end", role=Role.END, selector="9")
    layout = several(
        base, records=(*base.records[:-1], end), controls=(*base.controls, Control(record="end", item="件数"))
    )
    write = compile_encoder(layout).write
    groups = groups_of(plain_end(layout), [[1, 2]], [[3]])
    assert split(layout, b"".join([*groups, write("end", {"区分": "9", "件数": 3, "合計": 0})])).faults == ()
    wrong = split(layout, b"".join([*groups, write("end", {"区分": "9", "件数": 2, "合計": 0})])).faults
    assert [(fault.code, fault.facts["counted"]) for fault in wrong] == [("DEC-010", "3")]
    first, second = groups[:5], groups[5:]
    ends = [write("end", {"区分": "9", "件数": count, "合計": 0}) for count in (2, 1)]
    assert split(layout, b"".join([*first, ends[0], *second, ends[1]])).faults == ()


def plain_end(layout):
    return replace(layout, records=tuple(record for record in layout.records if record.role is not Role.END))


GROUP = 4 * LENGTH
HELD = [
    ("a trailer is missing", lambda a, b: [*a[:-1], *b], [("DEC-012", 3 * LENGTH)]),
    ("the last trailer is missing", lambda a, b: [*a, *b[:-1]], [("DEC-012", 2 * GROUP - LENGTH)]),
    ("the second header is missing", lambda a, b: [*a, *b[1:]], [("DEC-014", GROUP), ("DEC-010", 2 * GROUP - 39),
     ("DEC-011", 2 * GROUP - 34)]),
    ("the first header is missing", lambda a, b: [*a[1:], *b], [("DEC-013", 0)]),
    ("cut off in the second group", lambda a, b: [*a, b[0], b[1][:7]], [("DEC-012", GROUP + LENGTH + 7)]),
    ("cut off between the groups", lambda a, b: [*a, b[0][:7]], [("DEC-014", GROUP)]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in HELD], ids=[row[0] for row in HELD])
def test_a_group_that_lacks_something_holds_the_file(change, expected):
    """The fault is where the next group begins, or where the file ends."""
    layout = several(plain_layout())
    data = b"".join(change(file_of(layout, [[1, 2]]), file_of(layout, [[3, 4]])))
    assert [(fault.code, fault.place.offset) for fault in split(layout, data).faults] == expected


def test_groups_without_headers_begin_behind_a_trailer():
    """Data, trailer, data, trailer."""
    layout = plain_layout()
    layout = several(layout, records=layout.records[1:])
    data = b"".join([*file_of(plain_layout(), [[1, 2]])[1:], *file_of(plain_layout(), [[3]])[1:]])
    whole, rows, _ = decode_file(layout, data)
    assert (whole.faults, [row[2] for row in rows]) == ((), [1, 2, 3])


def test_either_all_groups_end_or_the_last_one():
    """An end record that some groups have and others lack is a lost one, or one too many."""
    layout = several(household_layout())
    ended, open_ = file_of(layout, [[1]]), file_of(layout, [[1]], end=False)
    assert [f.code for f in split(layout, b"".join([*ended, *open_, *ended])).faults] == ["DEC-012"]
    assert [f.code for f in split(layout, b"".join([*open_, *ended, *ended])).faults] == ["DEC-014"]


def test_a_broken_amount_leaves_the_other_groups_totals_known():
    """The group's own sum is not compared; that of the next one is."""
    layout = several(plain_layout())
    one, two = file_of(layout, [[1, 2]]), file_of(layout, [[3]], total=9)
    one[1] = one[1][:8] + b"x" + one[1][9:]
    whole, _, faults = decoded(layout, b"".join([*one, *two]))
    assert [(f.code, f.facts["counted"]) for f in whole.faults] == [("DEC-011", "3")]
    assert told(faults) == [("DEC-005", 1, "額", 28)]


def test_a_file_of_one_group_must_be_declared_otherwise():
    """Without the declaration, a second header is a disorder as ever."""
    layout = plain_layout()
    data = b"".join([*file_of(layout, [[1]]), *file_of(layout, [[2]])])
    assert next(fault.code for fault in split(layout, data).faults) == "DEC-014"


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r", b"\x15", b"\x85", b""])
@pytest.mark.parametrize("batch", [1, 1000])
def test_records_of_one_length_may_be_ended_by_anything(ending, batch):
    """What stands behind the first record ends all of them, or nothing does; a file may end in 1A."""
    plain = several(household_layout(recfm=RecordFormat.F))
    records = groups_of(plain, [[1, 2], [3]], [[4]])
    layout = replace(plain, format=replace(plain.format, recfm=RecordFormat.LINE, separator="any"))
    expected = decoded(plain, b"".join(records), batch=batch)[1]
    data = b"".join(record + ending for record in records)
    for tail in (b"", b"\x1a"):
        whole, rows, faults = decoded(layout, data + tail, batch=batch)
        assert (whole.faults, faults, rows) == ((), [], expected)
    codec = compile_codec(layout)
    part = whole.slices[0]
    body = BatchBody(whole.header_of(part), data[part.offset : part.offset + part.length])
    found = codec.decode(body, file="case.dat", first_record=1, offset=part.offset)
    alone = codec.decode(found.raw(0), file="case.dat", first_record=1, offset=0)
    assert (alone.rows, alone.faults) == ([found.rows[0]], [])


def test_a_record_of_another_length_is_told_under_any_ending():
    """The first one tells the ending even if it is too short itself; the others are read."""
    plain = plain_layout()
    layout = replace(plain, format=replace(plain.format, recfm=RecordFormat.LINE, separator="any"))
    records = file_of(plain, [[1, 2, 3]])
    broken = [*records[:2], records[2][:-1], *records[3:]]
    assert told(decoded(layout, b"\n".join(broken) + b"\n")[2]) == told(
        decoded(replace(layout, format=replace(layout.format, separator="lf")), b"\n".join(broken) + b"\n")[2]
    ) != []  # fmt: skip
