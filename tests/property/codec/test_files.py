"""Files under damage: whatever happens to the bytes, every record is a value or has a documented fault."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.codec.damage import check
from tests.unit.codec.households import file_of, household_layout, plain_layout
from tests.unit.codec.shapes import decode_file, delimited, fixed, written, xml

from kakehashi.codec.layout import Layout, RecordFormat

ROWS = (
    ("番号", "9", 5),
    ("氏名", "N", 10),
    ("カナ", "X", 6),
    ("額", "S9", 6),
    ("日", "D", 8, {"nil": frozenset({"spaces"})}),
    ("種別", "X", 2, {"repeat": 2}),
)
RAW_ROWS = (*ROWS, ("税額", "P", 4), ("率", "Z", 3), ("数", "B", 2))


def _people(layout: Layout, count: int = 4) -> bytes:
    names = {item.name for item in layout.data.items}
    row = {"氏名": "見本太郎", "カナ": "ABC", "日": "20260401", "種別": ("A", "B"), "税額": -12, "率": 5, "数": 7}
    row = {name: value for name, value in row.items() if name in names}
    return written(layout, [row | {"番号": str(n), "額": n} for n in range(1, count + 1)])


LAYOUTS = {
    "F cp932": fixed(*RAW_ROWS),
    "F cp930": fixed(*RAW_ROWS, charset="cp930"),
    "F cp939 implied": fixed(*RAW_ROWS, charset="cp939", shift="implied"),
    "F euc-jp": fixed(*RAW_ROWS, charset="euc-jp"),
    "line": fixed(*ROWS, line=True),
    "delimited": delimited(*ROWS),
    "quoted": delimited(*ROWS, quote='"'),
    "bars": delimited(*ROWS, delimiter="|"),
    "xml": xml(*ROWS),
    "households": household_layout(),
    "households cp930": household_layout("cp930"),
    "household lines": household_layout(recfm=RecordFormat.LINE),
    "header and trailer": plain_layout(),
}


def _sample(layout: Layout) -> bytes:
    if len(layout.records) == 1:
        return _people(layout)
    return b"".join(file_of(layout, [[1, 2], [3]]))


SAMPLES = {name: _sample(layout) for name, layout in LAYOUTS.items()}


def test_every_sample_is_clean():
    """The files that the others damage have no fault, and come back byte for byte."""
    for name, layout in LAYOUTS.items():
        whole, rows, faults = decode_file(layout, SAMPLES[name])
        assert (name, whole.faults, faults) == (name, (), [])
        assert None not in rows
        check(layout, SAMPLES[name])


def test_a_file_cut_at_any_byte_gives_documented_faults():
    """Every length of every kind of file; a layout with a trailer never lets a cut file pass as whole."""
    for name, layout in LAYOUTS.items():
        data = SAMPLES[name]
        for length in range(len(data)):
            check(layout, data[:length])
            whole = decode_file(layout, data[:length])[0]
            ends = len(layout.records) > 1 or name == "xml"
            separator = 2 if name in {"household lines", "xml"} else 0
            if ends and 0 < length < len(data) - separator:
                assert whole.faults, (name, length)


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_a_flipped_byte_gives_a_value_or_a_documented_fault(name, data):
    """Any byte to any other."""
    sample = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    check(LAYOUTS[name], bytes(sample))


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_bytes_that_are_lost_or_doubled_give_documented_faults(name, data):
    """A piece taken out, or put in twice, anywhere."""
    sample = SAMPLES[name]
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 40)))
    assume(end > start)
    check(LAYOUTS[name], data.draw(st.sampled_from([sample[:start] + sample[end:], sample[:end] + sample[start:]])))


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=200))
def test_any_bytes_at_all_are_read_or_refused(name, data):
    """A file of another kind altogether."""
    check(LAYOUTS[name], data)


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_one_damaged_record_leaves_its_neighbours(name, data):
    """Damage inside the content of one record of fixed length changes no other record's row."""
    layout = LAYOUTS[name]
    assume(len(layout.records) == 1 and layout.format.kind == "fixed" and name != "line")
    sample = bytearray(SAMPLES[name])
    clean = decode_file(layout, bytes(sample))[1]
    victim = data.draw(st.integers(0, 3))
    length = layout.data.length
    at = victim * length + data.draw(st.integers(0, length - 1))
    sample[at] = data.draw(st.integers(0, 255))
    rows = decode_file(layout, bytes(sample))[1]
    assert [row for n, row in enumerate(rows) if n != victim] == [row for n, row in enumerate(clean) if n != victim]
