"""Files of several record types: header, groups, data, trailer, end; counts and totals; whole groups in a slice."""

from __future__ import annotations

import pytest
from tests.unit.codec.households import LENGTH, file_of, household_layout, plain_layout
from tests.unit.codec.shapes import decode_file, record, split, told

from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.layout import Control, FileFormat, Kind, Layout, RecordFormat, Role
from kakehashi.domain.batch import BatchBody


@pytest.mark.parametrize("charset", ["cp932", "cp930"])
@pytest.mark.parametrize("recfm", list(RecordFormat))
def test_a_row_holds_its_record_its_group_and_the_header(charset, recfm):
    """A member's row ends with its household's items and the file header's."""
    if charset == "cp930" and recfm is RecordFormat.LINE:
        charset = "cp932"  # host files have no line ends
    layout = household_layout(charset, recfm)
    whole, rows, faults = decode_file(layout, b"".join(file_of(layout, [[100, -20], [3]])))
    assert compile_codec(layout).fields == (
        "区分", "番号", "額", "予備", "household.区分", "household.世帯番号", "household.予備",
        "header.区分", "header.作成日", "header.予備",
    )  # fmt: skip
    assert (whole.faults, faults) == ((), [])
    assert [(row[1], row[2], row[5], row[8].iso()) for row in rows] == [
        ("00001", 100, "00001", "2026-04-01"),
        ("00002", -20, "00001", "2026-04-01"),
        ("00003", 3, "00002", "2026-04-01"),
    ]


@pytest.mark.parametrize("batch", range(1, 8))
def test_a_slice_never_splits_a_household(batch):
    """Slices hold whole groups; one larger than a batch is a slice by itself; every record is in exactly one."""
    layout = household_layout()
    groups = [[1], [1, 1, 1], [1, 1], [1], [1] * 5, [1]]
    data = b"".join(file_of(layout, groups))
    whole, rows, faults = decode_file(layout, data, batch=batch)
    assert (faults, len(rows), whole.records) == ([], 13, 13)
    assert [s.first_record for s in whole.slices] == [
        1 + sum(s.records for s in whole.slices[:i]) for i in range(len(whole.slices))
    ]
    for part in whole.slices:
        assert data[part.offset : part.offset + 1] == b"3"
        assert data[part.offset + part.length : part.offset + part.length + 1] in {b"3", b"8"}
        assert part.records <= max(batch, 5)


def test_a_record_alone_brings_its_household_and_header():
    """A parked member decodes to the same row again."""
    layout = household_layout()
    data = b"".join(file_of(layout, [[1, 2], [3]]))
    codec = compile_codec(layout)
    whole = split(layout, data)
    (part,) = whole.slices
    body = BatchBody(whole.header, data[part.offset : part.offset + part.length])
    decoded = codec.decode(body, file="f", first_record=1, offset=part.offset)
    assert codec.encode(body, decoded) == body.data
    for index, row in enumerate(decoded.rows):
        alone = decoded.raw(index)
        assert codec.decode(alone, file="f", first_record=1, offset=0).rows == [row]
        assert len(alone.data) == 2 * LENGTH


HELD = [
    ("the count differs", lambda f: f, {"count": 9}, [("DEC-010", 121)]),
    ("the total differs", lambda f: f, {"total": 9}, [("DEC-011", 126)]),
    ("no header", lambda f: f[1:], {}, [("DEC-013", 0)]),
    ("no trailer", lambda f: [*f[:6], f[7]], {}, [("DEC-012", 140)]),
    ("no end", lambda f: f[:-1], {}, [("DEC-012", 140)]),
    ("cut inside the trailer", lambda f: [*f[:6], f[6][:9]], {}, [("DEC-012", 129)]),
    ("cut between records", lambda f: f[:3], {}, [("DEC-012", 60)]),
    ("two headers", lambda f: [f[0], *f], {}, [("DEC-014", 20)]),
    ("data after the trailer", lambda f: [*f, f[2]], {"count": 4, "total": 8}, [("DEC-014", 160)]),
    ("a member before any household", lambda f: [f[0], *f[2:]], {}, [("DEC-014", 20)]),
    ("rubbish after the end", lambda f: [*f, b"rubbish"], {}, [("DEC-014", 160)]),
    ("an unreadable count", lambda f: [*f[:6], b"8000x3" + f[6][6:], f[7]], {}, [("DEC-005", 124)]),
    ("an unreadable header", lambda f: [b"120261301" + f[0][9:], *f[1:]], {}, [("DEC-007", 1)]),
]


@pytest.mark.parametrize(("change", "truth", "expected"), [row[1:] for row in HELD], ids=[row[0] for row in HELD])
def test_a_file_that_is_wrong_as_a_whole_is_held(change, truth, expected):
    """Each fault has the file and the byte; none of them names a record."""
    layout = household_layout()
    data = b"".join(change(file_of(layout, [[1, 2], [4]], **truth)))
    faults = split(layout, data).faults
    assert [(fault.code, fault.place.offset) for fault in faults] == expected
    assert all(fault.place.file == "case.dat" and fault.place.record is None for fault in faults)


def test_both_numbers_are_told_when_a_total_differs():
    """The operator compares what the trailer says with what was counted."""
    layout = household_layout()
    faults = split(layout, b"".join(file_of(layout, [[1, 2], [4]], count=9, total=6))).faults
    assert [dict(fault.facts) for fault in faults] == [
        {"declared": "9", "counted": "3"},
        {"declared": "6", "counted": "7"},
    ]


def test_a_broken_amount_hurts_its_record_and_not_the_file():
    """The total cannot be known then: it is not compared. The count still is."""
    layout = household_layout()
    records = file_of(layout, [[1, 2], [4]])
    records[3] = records[3][:8] + b"x" + records[3][9:]
    whole, rows, faults = decode_file(layout, b"".join(records))
    assert whole.faults == ()
    assert told(faults) == [("DEC-005", 2, "額", 68)]
    assert [row is None for row in rows] == [False, True, False]
    records[6] = records[6].replace(b"00003", b"00004", 1)
    assert [fault.code for fault in split(layout, b"".join(records)).faults] == ["DEC-010"]


def test_a_record_of_no_type_is_refused_alone():
    """DEC-009 at its selector; it counts as a record, so that counts still agree."""
    layout = plain_layout()
    records = file_of(layout, [[1, 2, 4]])
    records[2] = b"x" + records[2][1:]
    whole, rows, faults = decode_file(layout, b"".join(records))
    assert whole.faults == ()
    assert whole.records == 3
    assert told(faults) == [("DEC-009", 2, None, 40)]
    assert [row is None for row in rows] == [False, True, False]


def test_nobody_slips_into_the_household_before():
    """A record of no type may have been a household: who follows it is refused until the next one begins."""
    layout = household_layout()
    records = file_of(layout, [[1], [2, 3], [4]])
    records[3] = b"x" + records[3][1:]
    whole, rows, faults = decode_file(layout, b"".join(records))
    assert [fault.code for fault in whole.faults] == ["DEC-010"]
    assert told(faults) == [
        ("DEC-009", 2, None, 60),
        ("DEC-014", 3, None, 80),
        ("DEC-014", 4, None, 100),
    ]
    assert [row and row[5] for row in rows] == ["00001", None, None, None, "00003"]


def test_a_damaged_household_takes_only_its_members_with_it():
    """Each member is refused with the household's item and byte."""
    layout = household_layout()
    records = file_of(layout, [[1], [2, 3], [4]])
    records[3] = records[3][:3] + b"x" + records[3][4:]
    _, rows, faults = decode_file(layout, b"".join(records))
    assert told(faults) == [("DEC-005", 2, "household.世帯番号", 63), ("DEC-005", 3, "household.世帯番号", 63)]
    assert [row is None for row in rows] == [False, True, True, False]


def test_a_damaged_header_refuses_every_record_that_would_carry_it():
    """The file is held; decoded all the same, each record tells the header's fault."""
    layout = household_layout()
    records = file_of(layout, [[1], [2]])
    records[0] = b"120261301" + records[0][9:]
    _, rows, faults = decode_file(layout, b"".join(records))
    assert told(faults) == [("DEC-007", 1, "header.作成日", 1), ("DEC-007", 2, "header.作成日", 1)]
    assert rows == [None, None]


def test_a_household_without_members_is_no_record():
    """Records are members; a household alone yields nothing and breaks nothing."""
    layout = household_layout()
    whole, rows, faults = decode_file(layout, b"".join(file_of(layout, [[], [1], []])))
    assert (whole.faults, faults, len(rows)) == ((), [], 1)


def test_a_control_total_of_a_repeated_item_adds_every_occurrence():
    """Decimals are added exactly."""
    layout = Layout(
        name="levies",
        charset="cp932",
        format=FileFormat(kind=Kind.FIXED, selector_start=0, selector_length=1),
        records=(
            record("data", Role.DATA, ("区分", "9", 1), ("期別額", "P", 3, {"repeat": 3, "decimals": 2}), selector="2"),
            record(
                "trailer",
                Role.TRAILER,
                ("区分", "9", 1),
                ("合計", "P", 6, {"decimals": 2}),
                ("予備", "X", 3),
                selector="8",
            ),
        ),
        controls=(Control(record="trailer", item="合計", sum_of="期別額"),),
    )
    write = compile_encoder(layout).write
    data = [write("data", {"区分": "2", "期別額": (1, 2, 3)}) for _ in range(3)]
    assert split(layout, b"".join([*data, write("trailer", {"区分": "8", "合計": 18})])).faults == ()
    assert [f.code for f in split(layout, b"".join([*data, write("trailer", {"区分": "8", "合計": 19})])).faults] == [
        "DEC-011"
    ]
