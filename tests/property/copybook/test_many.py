"""Many records of a copybook at once are the records one by one: the same values, faults and ends."""

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.copybook.books import book, filled

from kakehashi.codec.cells import FEW
from kakehashi.codec.copybook.file import read_file
from kakehashi.codec.copybook.options import Controls, Filler, Nil, Odo, Options, Segment, Trim
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.records import Recfm, RecordSpec

BYTES = bytes.fromhex("00 0E 0F 1F 20 30 39 40 4F 42 58 60 70 7B 7D 81 88 9F C0 D1 F0 F1 F9 FF 12 3C 4D 0C")
ENCODINGS = ["cp932", "cp930", "cp037", "latin-1", "jef", "jips-j", "euc-jp", "utf-8"]


@st.composite
def options(draw):
    def choice(kind):
        return draw(st.sampled_from(list(kind)))

    return Options(
        encoding=draw(st.sampled_from(ENCODINGS)),
        trim=choice(Trim),
        filler=choice(Filler),
        blanks=choice(Nil),
        low_values=choice(Nil),
        invalid=choice(Nil),
        controls=choice(Controls),
        odo=choice(Odo),
        keep_bytes=draw(st.booleans()),
        root=draw(st.booleans()),
    )


@st.composite
def damaged(draw, raw):
    """The record with a few bytes changed, if any; sometimes cut off or longer."""
    changed = bytearray(raw)
    for _ in range(draw(st.integers(0, 2))):
        changed[draw(st.integers(0, len(raw) - 1))] = draw(st.sampled_from(list(BYTES)) | st.integers(0, 255))
    if draw(st.integers(0, 9)) == 0:
        changed = (changed + b"A")[: draw(st.integers(1, len(raw) + 1))]
    return bytes(changed)


@given(st.data())
def test_many_records_are_the_records_one_by_one(data):
    """Whatever is wrong with a record changes nothing for its neighbours, and is told as if it were alone."""
    text, items = data.draw(book())
    codec = CopybookCodec(parse_copybook(text), data.draw(options()))
    good = [codec.write(codec_values(codec, data.draw(filled(items)))) for _ in range(data.draw(st.integers(1, 3)))]
    raws = [data.draw(damaged(raw)) for raw in good for _ in range(2)] + good * 4
    assert_many_are_each(codec, raws)
    assert_many_are_each(codec, good * FEW)


def assert_many_are_each(codec, raws):
    offsets = range(100, 100 + 7 * len(raws), 7)
    alone = [codec.read(raw, offset=offset, whole=True) for raw, offset in zip(raws, offsets, strict=True)]
    many = codec.read_many(raws, offsets)
    assert many == alone
    assert repr([each.values for each in many]) == repr([each.values for each in alone])  # types and order, too


def codec_values(codec, values):
    """The values as the codec names them."""
    return {"R": values} if codec._options.root else values


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "jips-j", "jips-e", "keis83", "jef", "cp930", "euc-jp", "utf-8"])
def test_text_of_both_widths_is_the_same_alone_and_among_many(encoding):
    """Codes that shift are no control characters, in a record by itself either."""
    codec = CopybookCodec(parse_copybook("       01 R.\n          05 A PIC X(20).\n"), Options(encoding=encoding))
    raw = codec.write({"A": "漢字AB"})
    assert codec.read(raw).values == {"A": "漢字AB"}
    for count in (1, 3, FEW):
        assert_many_are_each(codec, [raw] * count)


WIDE = """
       01 R.
          05 A PIC N(3).
          05 B PIC G(2) DISPLAY-1.
          05 C PIC S9(5) COMP-3.
          05 D PIC X(7).
          05 E PIC N(2) USAGE NATIONAL.
          05 F PIC S9(18) COMP-3 OCCURS 2.
          05 G PIC 9(3)V9(14).
          05 H PIC S9(10) SIGN LEADING.
"""


@given(st.data())
def test_many_records_with_double_bytes_are_the_records_one_by_one(data):
    """Double bytes, wide numbers and tables, in every charset that copybooks may have."""
    codec = CopybookCodec(parse_copybook(WIDE), data.draw(options()))
    values = {"A": "漢字", "B": "亜", "C": -7, "D": "AB", "E": "東", "F": [-12345678901234567, 1], "G": 1, "H": -98}
    if codec._options.encoding in {"cp037", "latin-1"}:
        values |= {"A": "AB", "B": "A"}
    raw = codec.write(codec_values(codec, values))
    raws = [data.draw(damaged(raw)) for _ in range(4)]
    assert_many_are_each(codec, raws)
    assert_many_are_each(codec, raws * (FEW // 4))
    assert_many_are_each(codec, [raw] * FEW)
    assert codec.at_once > 1


SHAPES = """
       01 HEAD.
          05 KIND PIC X.
          05 N PIC 9.
          05 A.
             10 A-TEXT PIC X(4).
             10 A-N PIC 9.
             10 A-T OCCURS 0 TO 3 DEPENDING ON A-N.
                15 A-M PIC S9(3) COMP-3.
                15 A-R REDEFINES A-M PIC X(2).
          05 B REDEFINES A.
             10 B-N PIC S9(4) COMP.
             10 B-T OCCURS 0 TO 2 DEPENDING ON N PIC X.
             10 FILLER PIC X.
          05 T PIC X(2) OCCURS 1 TO 3 DEPENDING ON N.
          05 LAST PIC 9(2).
"""
MORE = """
       01 TAIL.
          05 FILLER PIC X.
          05 SUM-1 PIC 9(3).
"""
SEGMENTS = (Segment("KIND", "A", "A"), Segment("KIND", "B", "B"))
KINDS = [b"A", b"B", b"C", b"\xff"]


@st.composite
def shaped(draw):
    """A record of one of two kinds (or of none), with counts that fit or do not, and digits that are none."""
    kind, n = draw(st.sampled_from(KINDS)), draw(st.integers(0, 4))
    a_n = draw(st.integers(0, 4))
    body = b"TEXT%d" % a_n + b"\x12\x3c" * 3 if kind == b"A" else b"\x00\x07" + b"XY" + b"Z" * 7
    end = draw(st.sampled_from([b"112233", b"1122", b"AABBCC"]))
    return kind + b"%d" % n + body + end + draw(st.sampled_from([b"42", b"4x", b""]))


@given(st.data(), st.booleans(), st.booleans())
def test_records_of_many_shapes_are_the_records_one_by_one(data, selected, several):
    """REDEFINES with and without a selector, several records over one file, tables that depend: in every mode."""
    given = data.draw(options())
    chosen = dataclasses.replace(given, segments=SEGMENTS if selected else (), encoding="cp932")
    codec = CopybookCodec(parse_copybook(SHAPES + (MORE if several else "")), chosen)
    raws = data.draw(st.lists(shaped(), min_size=1, max_size=5)) * data.draw(st.integers(1, 5))
    assert_many_are_each(codec, raws)


@pytest.mark.parametrize("odo", ["max", "padded", "shifted"])
def test_records_of_a_shape_are_read_column_by_column(odo, monkeypatch):
    """None of them is read by itself: the selector and the counts are settled once for all of a shape."""
    codec = CopybookCodec(parse_copybook(SHAPES), Options(encoding="cp932", segments=SEGMENTS, odo=Odo(odo)))
    table = {"max": b"112233", "padded": b"112233", "shifted": b"11"}[odo]
    a = b"A1" + b"TEXT2" + b"\x12\x3c" * 3 + b"112233"
    raws = [a[:-6] + table + b"42"] * 5 if odo == "max" else [b"A1TEXT2" + b"\x12\x3c" * 2 + b"1142"] * 5
    raws += [b"B1\x00\x07X" + b" " * (8 if odo == "max" else 1) + table[: 6 if odo == "max" else 2] + b"42"] * 5
    alone = [codec.read(raw, whole=True) for raw in raws]
    monkeypatch.setattr(codec, "read", None)
    assert codec.read_many(raws, range(10)) == alone


@pytest.mark.parametrize("counter", ["COMP-1", "COMP-2", "PIC S9(3) COMP-3", "PIC S9(4) COMP", "PIC 9(2)"])
def test_a_cut_counter_of_any_usage_is_a_fault(counter):
    """Found by fuzzing: a counter that is a float, at the end of the file."""
    text = f"       01 R.\n          05 N {counter}.\n          05 T PIC X OCCURS 0 TO 3 DEPENDING ON N.\n"
    codec = CopybookCodec(parse_copybook(text), Options(encoding="cp037", odo=Odo.SHIFTED))
    for data in (b"A", b"AB", b"ABC"):
        found = list(read_file(io.BytesIO(data), codec, RecordSpec(), file="f"))
        assert found[-1].decoded.faults


LINES = """
       01 R.
          05 A PIC X(3).
          05 B PIC 9(3).
"""
PIECES = [b"abc123\n", b"abc12x\n", b"abc1\n", b"abc1234\n", b"\n", b"abc123", b"ABC000\n", b"\x1a"]


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["line", "F"]), st.integers(2, 4))
def test_a_file_read_many_records_at_a_time_is_the_file_read_one_by_one(pieces, recfm, at_once):
    """Order, numbers and offsets stay, whatever is refused between: lines of another length, wrong items, a cut end."""
    data = b"".join(pieces)
    spec = RecordSpec(recfm=Recfm(recfm), record_length=6 if recfm == "line" else 7)
    codec = CopybookCodec(parse_copybook(LINES), Options())
    found = []
    for size in (1, at_once):
        codec.at_once = size
        found.append(list(read_file(io.BytesIO(data), codec, spec, file="f")))
    assert found[0] == found[1]
