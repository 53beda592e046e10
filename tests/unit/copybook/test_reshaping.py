"""Several copybooks over one file, bytes around each record, groups as text."""

import pytest

from kakehashi.codec.copybook.explain import explain
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.copybook.reshaping import merged, with_margins, with_texts
from kakehashi.errors import InputError

BOOK = parse_copybook("       01 R.\n          05 G.\n             10 A PIC 9(2).\n             10 FILLER PIC X.\n")


def codec(book, **options):
    return CopybookCodec(book, Options(encoding="latin-1", **options))


def test_several_copybooks_describe_the_same_bytes():
    """Each record under its own name; two of one name are CFG-003."""
    other = parse_copybook("       01 S.\n          05 B PIC X(3).\n")
    assert codec(merged([BOOK, other])).read(b"12x").values == {"R": {"G": {"A": 12}}, "S": {"B": "12x"}}
    with pytest.raises(InputError) as caught:
        merged([BOOK, BOOK])
    assert (caught.value.fault.code, caught.value.fault.place.item) == ("CFG-003", "R")


def test_bytes_around_a_record_are_passed_over():
    """They are part of its length, no item's, and come back with kept bytes."""
    book = with_margins(BOOK, before=2, after=1)
    assert book.length == 6
    made = codec(book, keep_bytes=True)
    values = made.read(b"##12x!").values
    assert values == {"G": {"A": 12}, "_bytes": b"##12x!".hex()}
    assert made.write(values | {"G": {"A": 13}}) == b"##13x!"
    assert codec(book).write({"G": {"A": 12}}) == b"\0\0" + b"12 " + b"\0"
    assert [(row.name, row.offset) for row in explain(book)] == [
        ("R", 1),
        ("(slack)", 1),
        ("G", 3),
        ("A", 3),
        ("FILLER", 5),
    ]


def test_a_record_without_a_group_may_have_bytes_around_it():
    """A level 01 with a picture stands below its own name then."""
    book = with_margins(parse_copybook("       01 R PIC 9(2).\n"), before=1, after=1)
    assert codec(book, root=True).read(b"#12!").values == {"R": {"R": 12}}


def test_groups_may_be_read_as_text_besides():
    """All of a group's bytes under its name with _NT, FILLERs too; written, the text counts."""
    made = codec(with_texts(BOOK, ["g"]))
    assert made.read(b"12x").values == {"G": {"A": 12}, "G_NT": "12x"}
    assert made.write({"G": {"A": 12}, "G_NT": "12x"}) == b"12x"


def test_only_groups_of_one_length_are_text():
    """An elementary item, a name that is none, or a group that varies is CFG-006."""
    varying = parse_copybook(
        "       01 R.\n          05 N PIC 9.\n          05 G.\n             10 T PIC X OCCURS 0 TO 3 DEPENDING ON N.\n"
    )
    for book, name in ((BOOK, "A"), (BOOK, "B"), (varying, "G")):
        with pytest.raises(InputError) as caught:
            with_texts(book, [name])
        assert caught.value.fault.code == "CFG-006"
