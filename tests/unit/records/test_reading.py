"""Where records begin and end, in every record format."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from kakehashi.codec.records import (
    LengthItem,
    Recfm,
    RecordHeader,
    RecordReader,
    RecordSpec,
    Word,
    read_records,
    write_again,
)
from kakehashi.errors import ConfigurationError, InputError

LITTLE = Word(big_endian=False, inclusive=False)
MICRO = RecordHeader(width=5, length_at=1, length_width=4, big_endian=False, valid_width=1, valid=frozenset({b"\1"}))

READ = [
    ("F", RecordSpec(record_length=3), b"abcdef", [(0, b"abc"), (3, b"def")]),
    ("F, filled with 1A", RecordSpec(record_length=3), b"abc\x1a\x1a\x1a\x1a"[:5], [(0, b"abc")]),
    ("FB", RecordSpec(recfm=Recfm.FB, record_length=2), b"abcd", [(0, b"ab"), (2, b"cd")]),
    ("F with a separator that records may hold", RecordSpec(record_length=3, separator="lf"), b"a\nc\nd\nf\n",
     [(0, b"a\nc"), (4, b"d\nf")]),
    ("V", RecordSpec(recfm=Recfm.V), b"\0\6\0\0ab\0\4\0\0\0\5\0\0c", [(4, b"ab"), (10, b""), (14, b"c")]),
    ("V, length without itself", RecordSpec(recfm=Recfm.V, rdw=Word(inclusive=False)), b"\0\2\0\0ab", [(4, b"ab")]),
    ("V, little endian", RecordSpec(recfm=Recfm.V, rdw=LITTLE), b"\0\0\2\0ab\0\0\1\0c", [(4, b"ab"), (10, b"c")]),
    ("V, little endian, length first", RecordSpec(recfm=Recfm.V, rdw=Word(big_endian=False, at=0)), b"\6\0\0\0ab",
     [(4, b"ab")]),
    ("V, big endian, length last", RecordSpec(recfm=Recfm.V, rdw=Word(at=2)), b"\0\0\0\6ab", [(4, b"ab")]),
    ("V, adjusted", RecordSpec(recfm=Recfm.V, rdw=Word(adjustment=-1)), b"\0\7\0\0ab", [(4, b"ab")]),
    ("VB", RecordSpec(recfm=Recfm.VB), b"\0\x0f\0\0\0\6\0\0ab\0\5\0\0c\0\x09\0\0\0\5\0\0d",
     [(8, b"ab"), (14, b"c"), (23, b"d")]),
    ("VB, large block", RecordSpec(recfm=Recfm.VB), b"\x80\0\0\x0a\0\6\0\0ab", [(8, b"ab")]),
    ("VB, little endian", RecordSpec(recfm=Recfm.VB, rdw=LITTLE, bdw=LITTLE), b"\0\0\6\0\0\0\2\0ab", [(8, b"ab")]),
    ("lines, LF", RecordSpec(recfm=Recfm.LINE, separator="lf"), b"ab\n\nc\n", [(0, b"ab"), (3, b""), (4, b"c")]),
    ("lines, CRLF, the last one open", RecordSpec(recfm=Recfm.LINE, separator="crlf"), b"ab\r\nc",
     [(0, b"ab"), (4, b"c")]),
    ("lines, CR", RecordSpec(recfm=Recfm.LINE, separator="cr"), b"ab\rc\r", [(0, b"ab"), (3, b"c")]),
    ("lines, NEL", RecordSpec(recfm=Recfm.LINE, separator="nel"), b"\x81\x15\x82\x15", [(0, b"\x81"), (2, b"\x82")]),
    ("lines, none", RecordSpec(recfm=Recfm.LINE, separator="none", record_length=2), b"abcd", [(0, b"ab"), (2, b"cd")]),
    ("lines as they come", RecordSpec(recfm=Recfm.LINE), b"ab\r\nc\r\n\x1a\x1a", [(0, b"ab"), (4, b"c")]),
    ("one open line", RecordSpec(recfm=Recfm.LINE), b"ab", [(0, b"ab")]),
    ("an item in binary", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=1, length=2)), b"x\0\4yz\0\3",
     [(0, b"x\0\4y"), (4, b"z\0\3")]),
    ("an item in digits", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=2, kind="ascii",
     adjustment=2)), b"02ab 1c", [(0, b"02ab"), (4, b" 1c")]),
    ("an item in EBCDIC digits", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=2,
     kind="ebcdic")), b"\xf0\xf3\x81", [(0, b"\xf0\xf3\x81")]),
    ("an item in packed digits", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=2,
     kind="packed")), b"\x00\x3cx", [(0, b"\x00\x3cx")]),
    ("a record type", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=1, kind="table",
     lengths={b"A": 2, b"B": 4})), b"BxyzAx", [(0, b"Bxyz"), (4, b"Ax")]),
    ("a header", RecordSpec(recfm=Recfm.HEADER, header=MICRO), b"\1\2\0\0\0ab\1\0\0\0\0", [(5, b"ab"), (12, b"")]),
    ("a file header and footer", RecordSpec(record_length=2, file_header=3, file_footer=1), b"HHHabcdF",
     [(3, b"ab"), (5, b"cd")]),
    ("an empty file", RecordSpec(record_length=3), b"", []),
    ("an empty V file", RecordSpec(recfm=Recfm.V), b"", []),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "data", "expected"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_records_are_found_and_written_back(spec, data, expected):
    """Offsets are those of the records' first bytes; numbers count from 1; the way back is the same file."""
    reader = RecordReader(io.BytesIO(data), spec, file="f")
    records = list(reader)
    assert [(record.offset, record.data) for record in records] == expected
    assert [record.number for record in records] == list(range(1, len(expected) + 1))
    assert b"".join(write_again(records, spec, reader.edges)) == data


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r", b"\x15", b""])
def test_records_of_one_length_take_any_separator(ending):
    """全銀: 120 bytes, and whatever stands behind the first record stands behind all."""
    spec = RecordSpec(recfm=Recfm.LINE, record_length=120)
    data = b"".join(b"%d" % kind + b" " * 119 + ending for kind in (1, 2, 8, 9))
    reader = RecordReader(io.BytesIO(data), spec, file="f")
    assert [record.data[:1] for record in reader] == [b"1", b"2", b"8", b"9"]
    assert reader.edges.separator == ending


DAMAGED = [
    ("F cut off", RecordSpec(record_length=3), b"abcde", 1, ("DEC-002", 2, 3)),
    ("a separator too early", RecordSpec(record_length=3, separator="lf"), b"abc\nde\nfgh\n", 1, ("DEC-002", 2, 4)),
    ("a separator too late", RecordSpec(record_length=3, separator="lf"), b"abc\ndefg\nhij\n", 1, ("DEC-003", 2, 4)),
    ("an RDW cut off", RecordSpec(recfm=Recfm.V), b"\0\5\0\0a\0\5", 1, ("DEC-002", 2, 5)),
    ("V cut off", RecordSpec(recfm=Recfm.V), b"\0\5\0\0a\0\6\0\0b", 1, ("DEC-002", 2, 5)),
    ("an RDW shorter than itself", RecordSpec(recfm=Recfm.V), b"\0\5\0\0a\0\3\0\0", 1, ("DEC-022", 2, 5)),
    ("an RDW of nothing", RecordSpec(recfm=Recfm.V, rdw=LITTLE), b"\0\0\0\0", 0, ("DEC-022", 1, 0)),
    ("an RDW of a segment", RecordSpec(recfm=Recfm.V), b"\0\5\1\0a", 0, ("DEC-022", 1, 0)),
    ("a record longer than allowed", RecordSpec(recfm=Recfm.V, longest=1), b"\0\6\0\0ab", 0, ("DEC-022", 1, 0)),
    ("a block shorter than a record", RecordSpec(recfm=Recfm.VB), b"\0\4\0\0", 0, ("DEC-022", 1, 0)),
    ("a block word that says nothing", RecordSpec(recfm=Recfm.VB, bdw=Word(inclusive=False, adjustment=5)),
     b"\0\0\0\0\0\5\0\0a", 0, ("DEC-022", 1, 0)),
    ("a record beyond its block", RecordSpec(recfm=Recfm.VB), b"\0\x09\0\0\0\6\0\0ab", 0, ("DEC-022", 1, 4)),
    ("a block that its records do not fill", RecordSpec(recfm=Recfm.VB), b"\0\x0b\0\0\0\5\0\0a\0\0", 1,
     ("DEC-022", 2, 9)),
    ("a block cut off between records", RecordSpec(recfm=Recfm.VB), b"\0\x0e\0\0\0\5\0\0a", 1, ("DEC-002", 2, 9)),
    ("a block cut off in a record", RecordSpec(recfm=Recfm.VB), b"\0\x0e\0\0\0\5\0\0a\0\5\0", 1, ("DEC-002", 2, 9)),
    ("a BDW cut off", RecordSpec(recfm=Recfm.VB), b"\0", 0, ("DEC-002", 1, 0)),
    ("a length that is no number", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=1, length=2,
     kind="ascii")), b"x04yxab", 1, ("DEC-022", 2, 5)),
    ("a length that does not reach its item", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=1, length=2)),
     b"x\0\2", 0, ("DEC-022", 1, 1)),
    ("a record cut off behind its length", RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=1)),
     b"\2a\3b", 1, ("DEC-002", 2, 2)),
    ("a header that is not valid", RecordSpec(recfm=Recfm.HEADER, header=MICRO), b"\2\0\0\0\0", 0, ("DEC-022", 1, 0)),
    ("a header with a wild length", RecordSpec(recfm=Recfm.HEADER, header=MICRO), b"\1\0\0\0\x7f", 0,
     ("DEC-022", 1, 0)),
    ("a header cut off", RecordSpec(recfm=Recfm.HEADER, header=MICRO), b"\1\1\0\0\0a\1", 1, ("DEC-002", 2, 6)),
    ("no room for header and footer", RecordSpec(record_length=1, file_header=3, file_footer=2), b"HHHF", 0,
     ("DEC-002", 1, 4)),
    ("a short line", RecordSpec(recfm=Recfm.LINE, shortest=2), b"ab\nc\nde\n", 1, ("DEC-002", 2, 3)),
    ("a long line", RecordSpec(recfm=Recfm.LINE, longest=2), b"ab\ncde\nfg\n", 1, ("DEC-003", 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "data", "whole", "fault"), [row[1:] for row in DAMAGED], ids=[row[0] for row in DAMAGED]
)
def test_damage_is_told_behind_the_records_before_it(spec, data, whole, fault):
    """File, record number and absolute offset; never a guess at what follows."""
    found = []
    with pytest.raises(InputError) as told:
        found.extend(read_records(io.BytesIO(data), spec, file="f"))  # the good ones stay
    place = told.value.fault.place
    assert (told.value.fault.code, place.record, place.offset, place.file) == (*fault, "f")
    records = read_records(io.BytesIO(data), spec, file="f")
    assert len([next(records) for _ in range(whole)]) == whole


def test_a_line_of_a_wrong_length_may_be_refused_alone():
    """The next line is found all the same: it keeps its number."""
    spec = RecordSpec(recfm=Recfm.LINE, record_length=2)
    refused = []
    lines = RecordSpec(recfm=Recfm.LINE, separator="lf", record_length=2)
    records = list(read_records(io.BytesIO(b"ab\nc\ndef\ngh\n"), lines, file="f", refused=refused.append))
    assert [(record.number, record.data) for record in records] == [(1, b"ab"), (4, b"gh")]
    assert [(fault.code, fault.place.record, fault.place.offset) for fault in refused] == [
        ("DEC-002", 2, 3),
        ("DEC-003", 3, 5),
    ]
    assert spec.strides


def test_records_that_a_header_marks_are_passed_over():
    """Only where the spec says so."""
    header = RecordHeader(
        width=2, length_at=1, length_width=1, valid_width=1, valid=frozenset({b"\1"}), skip_others=True
    )
    spec = RecordSpec(recfm=Recfm.HEADER, header=header)
    records = list(read_records(io.BytesIO(b"\1\1a\0\1b\1\1c"), spec, file="f"))
    assert [(record.offset, record.data, record.number) for record in records] == [(2, b"a", 1), (8, b"c", 2)]


class Pipe(io.BytesIO):
    """Gives what it has in small pieces."""

    def read(self, size=-1):
        return super().read(min(size, 7))


def test_a_file_may_come_piecemeal_and_larger_than_memory_blocks():
    """Records across blocks are whole; offsets go on."""
    spec = RecordSpec(recfm=Recfm.V, file_header=5, file_footer=9)
    body = b"".join(b"\0\x68\0\0" + b"%0100d" % i for i in range(9000))
    records = list(read_records(Pipe(b"HHHHH" + body + b"FFFFFFFFF"), spec, file="f"))
    assert [int(record.data) for record in records] == list(range(9000))
    assert {b.offset - a.offset for a, b in pairwise(records)} == {104}
    assert records[0].offset == 9


def test_a_line_end_across_two_blocks_is_one_line_end():
    """CR at the end of a block, LF at the start of the next."""
    spec = RecordSpec(recfm=Recfm.LINE)
    data = b"a" * ((1 << 18) - 1) + b"\r\n" + b"b\r\n"
    assert [len(record.data) for record in read_records(io.BytesIO(data), spec, file="f")] == [(1 << 18) - 1, 1]


IMPOSSIBLE = [
    (RecordSpec(), "CFG-004", "record_length"),
    (RecordSpec(record_length=0), "CFG-003", "record_length"),
    (RecordSpec(recfm=Recfm.LINE, separator="none"), "CFG-004", "record_length"),
    (RecordSpec(recfm=Recfm.LINE, separator="tab"), "CFG-006", "separator"),
    (RecordSpec(recfm=Recfm.ITEM), "CFG-004", "length_item"),
    (RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=0)), "CFG-003", "length_item"),
    (RecordSpec(recfm=Recfm.HEADER), "CFG-004", "header"),
    (RecordSpec(recfm=Recfm.HEADER, header=RecordHeader(width=2, length_at=1, length_width=2)), "CFG-003", "header"),
    (RecordSpec(recfm=Recfm.V, file_header=-1), "CFG-003", "file_header"),
]


@pytest.mark.parametrize(("spec", "code", "key"), IMPOSSIBLE)
def test_a_format_that_does_not_fit_together_is_a_matter_of_configuration(spec, code, key):
    """Told before a byte is read."""
    with pytest.raises(ConfigurationError) as told:
        read_records(io.BytesIO(b""), spec, file="f")
    assert [(fault.code, fault.place.item) for fault in told.value.faults] == [(code, key)]
