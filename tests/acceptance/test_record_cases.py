"""Files of other projects in ../shared/cases: what needs nothing but to find the records. Shipped never."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from kakehashi.codec.records import Recfm, RecordReader, RecordSpec, Word, read_records, write_again
from kakehashi.errors import InputError

CASES = Path(__file__).parents[3] / "shared" / "cases"
COBRIX = CASES / "cobrix" / "data"
FIELD = re.compile(r"   (?P<name>\w+) +\[(?P<start>\d+)\+(?P<length>\d+)\] (?P<value>.*)")
RECORD = re.compile(r"-- record \d+ \w+ @(?P<offset>\d+)")


def records_of(data, spec):
    """The records, once it is sure that they make the same file again."""
    reader = RecordReader(io.BytesIO(data), spec, file="case")
    found = list(reader)
    assert b"".join(write_again(found, spec, reader.edges)) == data
    return found


def test_cobrix_4_has_little_endian_descriptor_words():
    """The length of every record, its segment and its company, as Cobrix says."""
    if not CASES.exists():
        return
    data = (COBRIX / "test4_data" / "COMP.DETAILS.SEP30.DATA.dat").read_bytes()
    spec = RecordSpec(recfm=Recfm.V, rdw=Word(big_endian=False, inclusive=False))
    found = records_of(data, spec)
    expected = [json.loads(line) for line in lines(COBRIX / "test4_expected" / "test4.txt")]
    assert len(expected) == 60
    for record, wanted in zip(found, expected, strict=False):
        assert record.number == wanted["Record_Id"] + 1
        assert len(record.data) == wanted["Record_Byte_Length"]
        assert record.data[:15].replace(b"\0", b" ").split() == [
            wanted["SEGMENT_ID"].encode(),
            wanted["COMPANY_ID"].encode(),
        ]


def test_cobrix_13a_has_a_file_header_and_footer():
    """Ten bytes before the records and twelve behind; every field by the offsets of the golden layout."""
    if not CASES.exists():
        return
    data = (COBRIX / "test13a_data" / "TRAN2.JUN24.DATA.dat").read_bytes()
    found = records_of(data, RecordSpec(record_length=45, file_header=10, file_footer=12))
    layout = re.findall(
        r"^  5 (\w+) +\d+ +(\d+) +(\d+) ", text(COBRIX / "test13_expected" / "test13a_layout.txt"), re.MULTILINE
    )
    places = {name: slice(int(start) - 1, int(end)) for name, start, end in layout}
    amount = places.pop("AMOUNT")
    read = [
        (*(r.data[at].decode("cp037").strip(" \0") for at in places.values()), int.from_bytes(r.data[amount], "big"))
        for r in found
    ]
    expected = [json.loads(line) for line in lines(COBRIX / "test13_expected" / "test13a.txt")]
    wanted = [(*(str(row[name]) for name in places), round(row["AMOUNT"] * 100)) for row in expected]
    assert len(found) == 50
    assert sorted(read) == sorted(wanted)


def test_cobrix_16_has_segments_of_one_length():
    """Each record with its segment and its company, in order."""
    if not CASES.exists():
        return
    data = (COBRIX / "test16_data" / "ENTITY.DB.AUG12.DATA.FIX.LEN.dat").read_bytes()
    found = records_of(data, RecordSpec(record_length=64))
    printed = text(COBRIX / "test16_expected" / "test16.txt").strip().removesuffix("}")
    expected = [json.loads(one + "}") for one in printed.split("\n}\n")]
    assert len(found) == len(expected) == 50
    for record, row in zip(found, expected, strict=True):
        content = record.data.decode("cp037")
        assert content[0] == row.pop("SEGMENT_ID")
        assert all(value in content for segment in row.values() for value in segment.values())


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\x15", b""])
def test_a_zengin_file_is_found_with_any_separator(ending):
    """Every field of every record by offset and length, as zengin4j reads it; CR is how the file really ends them."""
    if not CASES.exists():
        return
    data = (CASES / "zengin4j" / "sougou-furikomi.txt").read_bytes().replace(b"\r", ending)
    found = records_of(data, RecordSpec(recfm=Recfm.LINE, record_length=120))
    wanted: list[tuple[int, list[tuple[int, int, str]]]] = []
    for line in lines(CASES / "zengin4j" / "sougou-furikomi.expected.txt"):
        if at := RECORD.match(line):
            wanted.append((int(at["offset"]), []))
        elif wanted and (at := FIELD.match(line)):
            value = "" if at["value"] == "(empty)" else at["value"]
            wanted[-1][1].append((int(at["start"]), int(at["length"]), value))
    assert len(found) == len(wanted) == 5
    for record, (offset, fields) in zip(found, wanted, strict=True):
        assert record.offset == offset + (len(ending) - 1) * (record.number - 1)
        for start, length, value in fields:
            assert record.data[start : start + length].decode("cp932").rstrip(" ") == value


BEANIO = [
    ("f1_valid", RecordSpec(record_length=45), [45], None),
    ("f1_minLength", RecordSpec(record_length=45), [], ("DEC-002", 1)),
    ("f1_maxLength", RecordSpec(record_length=45), [45], ("DEC-002", 2)),
    ("f2_valid", RecordSpec(recfm=Recfm.LINE, separator="crlf", shortest=10, longest=20), None, None),
    ("f2_invalid", RecordSpec(recfm=Recfm.LINE, separator="crlf", shortest=10, longest=20), [13], None),
    ("f3_valid", RecordSpec(recfm=Recfm.LINE, separator="crlf"), [15, 10, 4], None),
    ("f5_valid", RecordSpec(record_length=20), [20], None),
    ("f7", RecordSpec(recfm=Recfm.LINE, separator="lf", record_length=20), [20, 20], None),
]


@pytest.mark.parametrize(("name", "spec", "lengths", "fault"), BEANIO, ids=[row[0] for row in BEANIO])
def test_beanio_files_have_the_lengths_that_beanio_accepts(name, spec, lengths, fault):
    """Too short and too long are told; the lines behind them are read."""
    if not CASES.exists():
        return
    data = (CASES / "beanio" / "fixedlength" / f"{name}.txt").read_bytes()
    refused = []
    found = []
    told = None
    try:
        for record in read_records(io.BytesIO(data), spec, file=name, refused=refused.append):
            found.append(len(record.data))  # noqa: PERF401  # those before the fault stay
    except InputError as error:
        told = (error.fault.code, error.fault.place.record)
    assert told == fault
    if lengths is not None:
        assert found == lengths
    expected = [("DEC-002", 1), ("DEC-003", 2)] if name == "f2_invalid" else []
    assert [(each.code, each.place.record) for each in refused] == expected


def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def lines(path):
    return text(path).splitlines()
