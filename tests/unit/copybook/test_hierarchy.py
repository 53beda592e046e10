"""Segments as trees: a parent holds its children, in both directions, and a damaged tree is refused as a whole."""

import io

import pytest

from kakehashi.codec.copybook.file import file_of, read_file
from kakehashi.codec.copybook.hierarchy import Hierarchy
from kakehashi.codec.copybook.options import Options, Segment
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.records import RecordSpec
from kakehashi.errors import InputError

BOOK = parse_copybook("""
       01 R.
          05 KIND PIC 9.
          05 OFFICE-NO PIC 9(2).
          05 HOUSE.
             10 HOUSE-NO PIC 9(3).
             10 FILLER PIC X.
          05 MEMBER REDEFINES HOUSE.
             10 MEMBER-NO PIC 9(2).
             10 SEX PIC X.
          05 NOTE REDEFINES HOUSE PIC X(4).
          05 LEVY REDEFINES HOUSE.
             10 AMOUNT PIC 9(4).
""")
SEGMENTS = tuple(Segment("KIND", value, group) for value, group in (("1", "HOUSE"), ("2", "MEMBER"), ("3", "LEVY")))
CHILDREN = {"HOUSE": ("MEMBER",), "MEMBER": ("LEVY",)}
FILE = b"101101-" + b"20201M " + b"3025000" + b"3026000" + b"20202F " + b"101102-"


def made(**options):
    settings = Options(**({"encoding": "latin-1", "segments": SEGMENTS} | options))
    codec = CopybookCodec(BOOK, settings)
    return codec, Hierarchy(codec, settings, CHILDREN)


def read(raw, **options):
    codec, family = made(**options)
    found = list(family.read(read_file(io.BytesIO(raw), codec, RecordSpec(), file="f"), file="f"))
    trees = [each.decoded.values for each in found if each.decoded.values is not None]
    return trees, [fault for each in found for fault in each.decoded.faults]


def written(trees, **options):
    codec, family = made(**options)
    records = [raw for tree in trees for raw in family.write(tree)]
    return b"".join(file_of(codec, RecordSpec(), records, refused=pytest.fail))


def test_children_stand_in_lists_of_their_parent():
    """Each segment below the one before it that is its parent; one without children has empty lists."""
    trees, faults = read(FILE)
    levies = [{"AMOUNT": 5000}, {"AMOUNT": 6000}]
    members = [{"MEMBER_NO": 1, "SEX": "M", "LEVY": levies}, {"MEMBER_NO": 2, "SEX": "F", "LEVY": []}]
    assert faults == []
    assert trees == [
        {"KIND": 1, "OFFICE_NO": 1, "HOUSE": {"HOUSE_NO": 101, "MEMBER": members}},
        {"KIND": 1, "OFFICE_NO": 1, "HOUSE": {"HOUSE_NO": 102, "MEMBER": []}},
    ]


def test_trees_are_written_as_their_records():
    """Parents before their children; what all segments have in common is the root's, the selector its own."""
    trees, _ = read(FILE)
    assert written(trees) == FILE.replace(b"-", b" ").replace(b"202", b"201").replace(b"302", b"301")


def test_kept_bytes_come_back_as_they_were():
    """With the bytes of every record kept, the same file is written: its order, its common items, its FILLERs."""
    assert written(read(FILE, keep_bytes=True)[0], keep_bytes=True) == FILE


def test_a_tree_with_damage_is_refused_as_a_whole():
    """The fault of the record, and DEC-031 of the root; the next tree is read."""
    trees, faults = read(FILE.replace(b"3026000", b"302x000"))
    assert [tree["HOUSE"]["HOUSE_NO"] for tree in trees] == [102]
    assert [(fault.code, fault.place.record, fault.place.offset) for fault in faults] == [
        ("DEC-005", 4, 24),
        ("DEC-031", 1, 0),
    ]


def test_a_segment_without_its_parent_is_refused():
    """A child before any parent, or below the wrong one, is DEC-031 with its record."""
    assert [(fault.code, fault.place.record) for fault in read(FILE[7:])[1]] == [("DEC-031", n) for n in (1, 2, 3, 4)]
    trees, faults = read(b"101101-3025000")
    assert trees == []
    assert [fault.place.record for fault in faults] == [2, 1]


def test_segments_of_a_hierarchy_have_selectors():
    """A segment that no selector tells is CFG-006."""
    codec, _ = made()
    with pytest.raises(InputError) as caught:
        Hierarchy(codec, Options(segments=SEGMENTS), {"HOUSE": ("OTHER",)})
    assert caught.value.fault.code == "CFG-006"


@pytest.mark.parametrize("house", [1, {"MEMBER": 1}, {"MEMBER": [1]}, {"X": 1}, {"MEMBER": [{"_bytes": "0x"}]}])
def test_trees_of_another_shape_are_refused(house):
    """DEC-018, whatever stands in the place of a group or a list."""
    _, family = made()
    with pytest.raises(InputError) as caught:
        list(family.write({"KIND": 1, "OFFICE_NO": 1, "HOUSE": house}))
    assert caught.value.fault.code == "DEC-018"


def test_places_that_are_none_leave_children_by_kind():
    """What says a place and is no number, or a selector that is none, is no exception."""
    trees, _ = read(FILE[:21], keep_bytes=True)
    trees[0]["HOUSE"]["MEMBER"][0]["_place"] = True
    assert written(trees, keep_bytes=True) == FILE[:21]
    lettered = (Segment("KIND", "1", "HOUSE"), Segment("KIND", "X", "MEMBER"), Segment("KIND", "3", "LEVY"))
    with pytest.raises(InputError):
        written([{"KIND": 1, "OFFICE_NO": 1, "HOUSE": {"MEMBER": [{"MEMBER_NO": 1}]}}], segments=lettered)
