"""Fixed records: F and line, one record type. Every kind of damage has its place, and hurts one record only."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from tests.unit.codec.shapes import decode, decode_file, fixed, split, told, written

from kakehashi.codec.columns import columns_of
from kakehashi.codec.compile import compile_codec
from kakehashi.domain.batch import BatchBody

ITEMS = (("宛名番号", "9", 5), ("氏名", "N", 8), ("額", "P", 3), ("種別", "X", 1, {"repeat": 3}))
TEXT_ITEMS = (("宛名番号", "9", 5), ("氏名", "N", 8), ("種別", "X", 1, {"repeat": 3}))
LENGTH = 19


def people(layout, count=4):
    with_amount = any(item.name == "額" for item in layout.data.items)
    rows = [{"宛名番号": str(n), "氏名": "見本", "種別": ("A", "B", "")} for n in range(1, count + 1)]
    return written(layout, [row | {"額": -n} for n, row in enumerate(rows, start=1)] if with_amount else rows)


def test_records_become_rows_of_typed_values():
    """Values stand in the order of `fields`; repeated items are tuples; numbers and offsets say where they stood."""
    layout = fixed(*ITEMS)
    decoded = decode(layout, people(layout, 2))
    assert compile_codec(layout).fields == ("宛名番号", "氏名", "額", "種別")
    assert decoded.rows == [("00001", "見本", -1, ("A", "B", "")), ("00002", "見本", -2, ("A", "B", ""))]
    assert list(decoded.numbers) == [1, 2]
    assert list(decoded.offsets) == [0, LENGTH]
    assert decoded.faults == []


@pytest.mark.parametrize("charset", ["cp932", "euc-jp", "cp930", "cp939"])
def test_the_way_back_is_byte_for_byte(charset):
    """Decoded and encoded again, a slice is the same bytes."""
    layout = fixed(*ITEMS, charset=charset)
    data = people(layout)
    codec = compile_codec(layout)
    body = BatchBody(b"", data)
    assert codec.encode(body, codec.decode(body, file="f", first_record=1, offset=0)) == data


def test_a_changed_value_changes_only_its_own_bytes():
    """Bytes that mean the same value stay: other signs, gaps between items, blanks of another width."""
    layout = fixed(("番号", "9", 3), ("額", "P", 2), ("氏名", "N", 4))
    raw = b"001" + bytes.fromhex("012F") + "見".encode("cp932") + b"  "
    codec = compile_codec(layout)
    body = BatchBody(b"", raw)
    decoded = codec.decode(body, file="f", first_record=1, offset=0)
    assert decoded.rows == [("001", 12, "見")]
    decoded.rows[0] = ("002", 12, "見")
    assert codec.encode(body, decoded) == b"002" + raw[3:]


def test_every_fault_of_a_record_is_told_with_its_item_and_byte():
    """Not the first one only; offsets count from the start of the file."""
    layout = fixed(*ITEMS)
    data = bytearray(people(layout))
    data[LENGTH + 1] = ord("x")
    data[LENGTH + 5 : LENGTH + 7] = b"\x88\x20"
    data[LENGTH + 15] = 0x1A
    data[LENGTH + 17] = 0
    decoded = decode(layout, bytes(data))
    assert told(decoded.faults) == [
        ("DEC-005", 2, "宛名番号", LENGTH + 1),
        ("DEC-004", 2, "氏名", LENGTH + 5),
        ("DEC-006", 2, "額", LENGTH + 15),
        ("DEC-004", 2, "種別", LENGTH + 17),
    ]
    assert decoded.faults[3].facts == {"occurrence": 2}
    assert all(fault.place.file == "case.dat" for fault in decoded.faults)
    assert [row is None for row in decoded.rows] == [False, True, False, False]


def test_no_fault_shows_a_value():
    """A fault's text holds codes, names and positions; the bytes of the record stay where they are."""
    layout = fixed(("番号", "9", 6), ("氏名", "N", 8))
    decoded = decode(layout, b"98A321" + "見本太郎".encode("cp932")[:7] + b"\x88")
    text = " ".join(fault.text(language) for fault in decoded.faults for language in ("en", "ja"))
    assert "98A321" not in text
    assert "見本" not in text


def test_a_file_is_cut_into_slices_of_whole_records():
    """Slices follow each other without a gap and number the records from 1."""
    layout = fixed(*ITEMS)
    whole = split(layout, people(layout, 5), batch=2)
    assert [(s.offset, s.length, s.first_record, s.records) for s in whole.slices] == [
        (0, 2 * LENGTH, 1, 2),
        (2 * LENGTH, 2 * LENGTH, 3, 2),
        (4 * LENGTH, LENGTH, 5, 1),
    ]
    assert (whole.records, whole.size, whole.faults, whole.header) == (5, 5 * LENGTH, (), b"")


def test_half_a_record_at_the_end_is_a_record_that_is_refused():
    """Without a trailer nobody can tell a cut file: what is left over is counted and refused with DEC-002."""
    layout = fixed(*ITEMS)
    whole, rows, faults = decode_file(layout, people(layout, 3)[:-4])
    assert whole.records == 3
    assert whole.faults == ()
    assert told(faults) == [("DEC-002", 3, None, 3 * LENGTH - 4)]
    assert faults[0].facts == {"length": LENGTH - 4, "expected": LENGTH}
    assert [row is None for row in rows] == [False, False, True]


@pytest.mark.parametrize("tail", [b"\x1a", b"\x1a\x1a\x1a"])
@pytest.mark.parametrize("line", [False, True])
def test_an_end_of_file_mark_is_no_record(tail, line):
    """0x1A at the end is what DOS writes; it counts in the size only."""
    layout = fixed(*TEXT_ITEMS, line=line)
    data = people(layout, 2) + tail
    whole, rows, faults = decode_file(layout, data)
    assert (whole.records, whole.size, whole.faults, faults) == (2, len(data), (), [])
    assert None not in rows


@pytest.mark.parametrize("data", [b"", b"\x1a"])
def test_an_empty_file_has_no_records_and_no_fault(data):
    """What an empty file means is the intake's decision."""
    whole = split(fixed(*ITEMS), data)
    assert (whole.records, whole.slices, whole.faults, whole.size) == (0, (), (), len(data))


@pytest.mark.parametrize(
    ("change", "code", "offset", "length"),
    [(lambda line: line[:-2], "DEC-002", 32, 14), (lambda line: line + b"AB", "DEC-003", 34, 18)],
)
def test_a_line_of_a_wrong_length_is_refused_alone(change, code, offset, length):
    """Where the line ends too soon, or where it goes on too long; its neighbours keep their places."""
    layout = fixed(*TEXT_ITEMS, line=True)
    lines = people(layout, 3).splitlines()
    lines[1] = change(lines[1])
    whole, rows, faults = decode_file(layout, b"".join(line + b"\r\n" for line in lines))
    assert whole.records == 3
    assert told(faults) == [(code, 2, None, offset)]
    assert faults[0].facts == {"length": length, "expected": 16}
    assert [row is None for row in rows] == [False, True, False]


def test_mixed_line_ends_are_told():
    """A line ended by LF alone in a CRLF file runs into the next one: both are refused, at the byte where it starts."""
    layout = fixed(*TEXT_ITEMS, line=True)
    data = people(layout, 3).replace(b"\r\n", b"\n", 1)
    _, rows, faults = decode_file(layout, data)
    assert told(faults) == [("DEC-003", 1, None, 16)]
    assert [row is None for row in rows] == [True, False]


def test_the_last_line_may_lack_its_end_when_it_is_whole():
    """A line of fixed length shows by its length that nothing is missing."""
    layout = fixed(*TEXT_ITEMS, line=True)
    _, rows, faults = decode_file(layout, people(layout, 2)[:-2])
    assert faults == []
    assert len(rows) == 2


def test_a_file_without_line_ends_is_refused_before_memory_fills():
    """DEC-003 for the file: nothing was cut, nothing kept."""
    whole = split(fixed(*TEXT_ITEMS, line=True), b"A" * (3 << 20))
    assert [fault.code for fault in whole.faults] == ["DEC-003"]
    assert (whole.records, whole.size) == (0, 3 << 20)


def test_a_file_comes_in_pieces_of_any_size():
    """Reads may return less than was asked for, as pipes and sockets do."""

    class Drip(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(7, size) if size > 0 else 7)

    for layout in (fixed(*ITEMS), fixed(*TEXT_ITEMS, line=True)):
        data = people(layout, 5)
        drip = compile_codec(layout).split(Drip(data), batch_records=2, file="case.dat")
        assert drip == split(layout, data, batch=2)


def test_one_record_alone_decodes_to_the_same_row():
    """`raw(i)` is what a parked record keeps."""
    layout = fixed(*TEXT_ITEMS, line=True)
    decoded = decode(layout, people(layout, 3))
    codec = compile_codec(layout)
    for index, row in enumerate(decoded.rows):
        again = codec.decode(decoded.raw(index), file="case.dat", first_record=index + 1, offset=0)
        assert again.rows == [row]


def test_items_may_overlap():
    """Two readings of the same bytes (REDEFINES) are two items."""
    layout = fixed(("年月日", "9", 8), ("年", "9", 4))
    record = layout.data
    year = record.items[1].__class__(name="年", type=record.items[1].type, length=4, start=0)
    overlaid = layout.__class__(
        name="overlay",
        charset="cp932",
        format=layout.format,
        records=(record.__class__(name="data", role=record.role, items=(record.items[0], year), length=8),),
    )
    assert decode(overlaid, b"2026040120270401").rows == [("20260401", "2026"), ("20270401", "2027")]


def test_memory_does_not_grow_with_the_file():
    """A file of 64 MB is cut with a few blocks in memory, whatever its framing."""

    class Endless(io.RawIOBase):
        def __init__(self, record, count):
            self._left, self._block = count * len(record) // (1 << 20), record * ((1 << 20) // len(record))

        def read(self, size=-1):
            self._left -= 1
            return self._block if self._left >= 0 else b""

    for layout in (fixed(("番号", "9", 256)), fixed(("番号", "9", 254), line=True)):
        record = b"1" * 256 if layout.format.recfm == "F" else b"1" * 254 + b"\r\n"
        codec = compile_codec(layout)
        tracemalloc.start()
        whole = codec.split(Endless(record, 262_144), batch_records=1000, file="case.dat")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (whole.records, whole.faults) == (262_144, ())
        assert peak < 8 << 20


def test_items_that_are_alike_remember_together():
    """Thirty columns of dates take the memory of one; a required one, or one of another form, is not alike."""
    layout = fixed(
        ("生年月日", "D", 8),
        ("異動日", "D", 8),
        ("届出日", "D", 8, {"required": True}),
        ("和暦", "D", 7, {"date": "wareki"}),
    )
    born, moved, reported, wareki = [each.codec for each in columns_of(layout.data, layout, varying=False).columns]
    assert born is moved
    assert len({id(born), id(reported), id(wareki)}) == 3
