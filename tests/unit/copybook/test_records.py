"""Records: tables that depend, items that redefine one another, FILLERs, bytes that are kept, files."""

import io

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main
from kakehashi.codec.copybook.file import read_file, write_values
from kakehashi.codec.copybook.options import Filler, Odo, Options, Segment
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.records import Recfm, RecordSpec
from kakehashi.errors import InputError

TABLE = """
       01 R.
          05 N PIC 9.
          05 T OCCURS 0 TO 3 TIMES DEPENDING ON N.
             10 V PIC XX.
          05 Z PIC X.
"""
VALUES = {"N": 2, "T": [{"V": "ab"}, {"V": "cd"}], "Z": "z"}


def codec(text, **options):
    return CopybookCodec(parse_copybook(text), Options(**({"encoding": "latin-1"} | options)))


@pytest.mark.parametrize(("odo", "raw"), [(Odo.MAX, b"2abcd  z"), (Odo.SHIFTED, b"2abcdz"), (Odo.PADDED, b"2abcdz  ")])
def test_tables_that_depend_have_three_forms(odo, raw):
    """At their maximum, moved up, or moved up with the record filled to its greatest length."""
    made = codec(TABLE, odo=odo)
    decoded = made.read(raw)
    assert decoded.values == VALUES
    assert decoded.end == len(raw)
    assert made.write(VALUES) == raw


def test_counts_may_be_told_by_a_text():
    """A value table turns the text of the counting item into a number; a text without a row is DEC-030."""
    made = codec(TABLE.replace("PIC 9.", "PIC X."), odo=Odo.SHIFTED, occurs={"N": {"A": 0, "B": 2}})
    assert made.read(b"Babcdz").values["T"] == VALUES["T"]
    assert made.read(b"Az").values["T"] == []
    assert made.read(b"Cz").faults[0].code == "DEC-030"


def test_counts_outside_the_bounds_are_faults():
    """A count above the maximum is refused, in both directions; so is a list that does not fit its count."""
    made = codec(TABLE, odo=Odo.SHIFTED)
    assert [(fault.code, fault.place.item) for fault in made.read(b"9abcdz").faults] == [("DEC-030", "T")]
    for values in ({**VALUES, "N": 4}, {**VALUES, "N": 1}, {**VALUES, "X": 1}):
        with pytest.raises(InputError):
            made.write(values)


REDEFINED = """
       01 R.
          05 KIND PIC X.
          05 A PIC X(4).
          05 B REDEFINES A PIC 9(4).
          05 C REDEFINES B.
             10 C1 PIC X(2).
             10 C2 PIC 9(2).
          05 Z PIC X.
"""


def test_all_alternatives_are_read_and_those_that_cannot_be_are_none():
    """Without a selector every alternative has its value; damage in one does not refuse the record."""
    made = codec(REDEFINED)
    assert made.read(b"x1234z").values == {"KIND": "x", "A": "1234", "B": 1234, "C": {"C1": "12", "C2": 34}, "Z": "z"}
    assert made.read(b"xab12z").values == {"KIND": "x", "A": "ab12", "B": None, "C": {"C1": "ab", "C2": 12}, "Z": "z"}
    assert made.write(made.read(b"xab12z").values) == b"xab12z"
    assert made.write({"KIND": "x", "B": 7, "Z": "z"}) == b"x0007z"


def test_a_selector_chooses_the_alternative():
    """ITEM=value says which counts; a value of no alternative is DEC-009; names may be written with _ for -."""
    made = codec(REDEFINED, segments=(Segment("kind", "1", "B"), Segment("KIND", "2", "c")))
    assert made.read(b"10007z").values == {"KIND": "1", "B": 7, "Z": "z"}
    assert made.read(b"2ab07z").values == {"KIND": "2", "C": {"C1": "ab", "C2": 7}, "Z": "z"}
    assert made.read(b"30007z").faults[0].code == "DEC-009"
    with pytest.raises(InputError):
        codec(REDEFINED, segments=(Segment("NONE", "1", "B"),))


def test_several_records_are_alternatives():
    """Levels 01 describe the same bytes, under their own names."""
    text = "       01 HEAD.\n          05 K PIC X.\n          05 D PIC 9(3).\n       01 BODY.\n          05 K PIC X.\n"
    made = codec(text, segments=(Segment("K", "H", "HEAD"), Segment("K", "B", "BODY")))
    assert made.read(b"H123").values == {"HEAD": {"K": "H", "D": 123}}
    assert made.read(b"Bxyz").values == {"BODY": {"K": "B"}}


def test_fillers_are_kept_where_asked():
    """Dropped by default and written as spaces; kept, they come back."""
    text = "       01 R.\n          05 A PIC X.\n          05 FILLER PIC X(2).\n"
    assert codec(text).read(b"abc").values == {"A": "a"}
    assert codec(text).write({"A": "a"}) == b"a  "
    assert codec(text, filler=Filler.KEEP).read(b"abc").values == {"A": "a", "FILLER_P1": "bc"}


def test_kept_bytes_survive_a_change_of_another_item():
    """With the record's bytes, what was not changed is written as it was: fillers, odd signs, low-values."""
    text = "       01 R.\n          05 A PIC S9(3) COMP-3.\n          05 FILLER PIC X(2).\n          05 B PIC X(2).\n"
    made = codec(text, keep_bytes=True)
    values = made.read(b"\x12\x3f\0\x01b ").values
    assert made.write(values) == b"\x12\x3f\0\x01b "
    assert made.write({**values, "B": "c"}) == b"\x12\x3f\0\x01c "


def test_bytes_behind_the_last_item_are_kept():
    """A record may be longer than its copybook: with its bytes kept, what stands behind comes back, changed or not."""
    made = codec("       01 R.\n          05 A PIC X(2).\n", keep_bytes=True)
    (found,) = read_file(io.BytesIO(b"ab..\n"), made, RecordSpec(recfm=Recfm.LINE, separator="lf"), file="f")
    assert found.decoded.values == {"A": "ab", "_bytes": b"ab..".hex()}
    assert made.write(found.decoded.values) == b"ab.."
    assert made.write({**found.decoded.values, "A": "x"}) == b"x .."


def test_a_record_of_no_bytes_comes_back_as_none():
    """Where FILLERs alone are missing, no bytes are put in their place."""
    made = codec("       01 R.\n          05 FILLER PIC X(2).\n", keep_bytes=True)
    assert made.write(made.read(b"").values) == b""


def test_a_selector_that_the_record_does_not_reach_tells_nothing():
    """Neither part of a number is read, nor is the fault placed behind the record."""
    text = "       01 R.\n          05 A PIC X.\n          05 B REDEFINES A PIC X.\n          05 K COMP-2.\n"
    made = codec(text, floats="ieee", segments=(Segment("K", "1", "B"),))
    assert [(fault.code, fault.place.offset) for fault in made.read(b"x123").faults] == [("DEC-009", 0), ("DEC-002", 4)]
    behind = "       01 R.\n          05 K PIC X.\n          05 A PIC X.\n          05 B REDEFINES A PIC X.\n"
    made = codec(behind, segments=(Segment("K", "1", "B"),))
    assert [(fault.code, fault.place.offset) for fault in made.read(b"").faults] == [("DEC-002", 0), ("DEC-009", 0)]


def test_a_short_record_may_end_inside_its_selector():
    """Where records are short, the part of a text that is there counts."""
    made = codec(REDEFINED.replace("KIND PIC X.", "KIND PIC X(3)."), short=True, segments=(Segment("KIND", "1", "C"),))
    assert made.read(b"1").values == {"KIND": "1", "C": {"C1": None, "C2": None}, "Z": None}


def test_codes_may_be_filled_up_with_low_values():
    """A selector or a counting text is the same without what fills its item up."""
    made = codec(REDEFINED.replace("KIND PIC X.", "KIND PIC X(3)."), segments=(Segment("KIND", "1", "B"),))
    assert made.read(b"1\0\x000007z").values == {"KIND": "1\0\0", "B": 7, "Z": "z"}


def test_files_without_lengths_are_read_record_by_record():
    """Where only reading tells the length, records follow one another; a lost way ends the file with its fault."""
    made = codec(TABLE, odo=Odo.SHIFTED)
    spec = RecordSpec()
    raw = b"".join(write_values(made, spec, {**VALUES, "N": n, "T": VALUES["T"][:n]}) for n in (2, 0, 1))
    found = list(read_file(io.BytesIO(raw), made, spec, file="f"))
    assert [(each.offset, each.decoded.values["N"]) for each in found] == [(0, 2), (6, 0), (8, 1)]
    *good, bad = read_file(io.BytesIO(raw + b"9xx"), made, spec, file="f")
    assert len(good) == 3
    fault = bad.decoded.faults[0]
    assert (fault.code, fault.place.file, fault.place.record, fault.place.offset) == ("DEC-030", "f", 4, 13)


@pytest.mark.parametrize("recfm", [Recfm.F, Recfm.V, Recfm.VB, Recfm.LINE])
def test_files_of_every_record_format(recfm):
    """What is written in a record format is read in it; a cut file ends in a fault."""
    made = codec(TABLE)
    spec = RecordSpec(recfm=recfm, separator="lf" if recfm is Recfm.LINE else None)
    raw = b"".join(write_values(made, spec, VALUES) for _ in range(3))
    if recfm is Recfm.VB:
        raw = (len(raw) + 4).to_bytes(2, "big") + b"\0\0" + raw
    assert [each.decoded.values for each in read_file(io.BytesIO(raw), made, spec, file="f")] == [VALUES] * 3
    *_, last = read_file(io.BytesIO(raw[:-3]), made, spec, file="f")
    assert last.decoded.faults


def test_decode_refuses_a_wrong_copybook_with_its_place(tmp_path):
    """The command names file, line, column and what was expected, and exits 1."""
    (tmp_path / "a.cpy").write_text("       01 R.\n          05 A PIC Q.\n", encoding="utf-8")
    (tmp_path / "a.dat").write_bytes(b"x")
    result = CliRunner().invoke(main, ["decode", "--layout", str(tmp_path / "a.cpy"), str(tmp_path / "a.dat")])
    assert result.exit_code == 1
    assert "a.cpy: CFG-013" in result.output
    assert "line=2, column=20" in result.output


def test_layout_explain_prints_offsets(tmp_path):
    """Offsets count from 1; tables stand at their maximum."""
    (tmp_path / "a.cpy").write_text(TABLE, encoding="utf-8")
    result = CliRunner().invoke(main, ["layout", "explain", str(tmp_path / "a.cpy")])
    assert result.exit_code == 0
    assert "0-3" in result.output
    assert "8 bytes" in result.output
