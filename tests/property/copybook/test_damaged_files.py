"""Files of a copybook under damage, every byte of them: values that come back as they were, or documented faults."""

from __future__ import annotations

import io

import pytest

from kakehashi.catalogue import PROBLEMS
from kakehashi.codec.copybook.file import file_like, read_file
from kakehashi.codec.copybook.hierarchy import Hierarchy
from kakehashi.codec.copybook.options import Odo, Options, Segment
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.records import Recfm, RecordSpec, Word, write_blocks

SEGMENTS = """       01 R.
          05 KIND PIC X.
          05 NO   PIC 9(2).
          05 HH.
             10 NAME PIC N(2).
             10 HN   PIC X(3).
          05 PS REDEFINES HH.
             10 N    PIC 9.
             10 T OCCURS 0 TO 3 DEPENDING ON N PIC S9(3) COMP-3.
"""
RECORDS = [
    b"H01\x8eR\x93cabc",
    b"P012\x12\x3c\x00\x4d",
    b"P010",
    b"H02\x90\xec\x8c\xfb   ",
    b"P023\x12\x3c\x12\x3d\x00\x0c",
]
TABLES = """       01 R.
          05 N PIC 9.
          05 A OCCURS 0 TO 2 DEPENDING ON N.
             10 M PIC 9.
             10 B OCCURS 0 TO 2 DEPENDING ON M PIC S9V9.
          05 KIND PIC X.
          05 C OCCURS 0 TO 2 DEPENDING ON KIND PIC X(2).
          05 D PIC 9(4) COMP.
"""
OPEN = bytes.fromhex("32 32 3031 3032 31 3033 41 8B86 0001") + b"0B\xb1\xb2cd\xff\xff111KZ\x00\x00"
CHOSEN = (Segment("KIND", "H", "HH"), Segment("KIND", "P", "PS"))


def segments(**more):
    return Options(keep_bytes=True, short=True, segments=CHOSEN, odo=Odo.SHIFTED, **more)


def written(spec):
    return b"".join(write_blocks(RECORDS, spec))


V = RecordSpec(recfm=Recfm.V)
VB = RecordSpec(recfm=Recfm.VB, block_size=40, file_header=3, file_footer=2)
LITTLE = RecordSpec(
    recfm=Recfm.VB, block_size=40, rdw=Word(big_endian=False, inclusive=False), bdw=Word(big_endian=False)
)
COUNTS = Options(keep_bytes=True, odo=Odo.SHIFTED, occurs={"KIND": {"A": 1, "B": 2, "Z": 0}})
FILES = {
    "segments in V": (SEGMENTS, segments(), V, written(V)),
    "segments in blocks, header, footer": (SEGMENTS, segments(), VB, b"HHH" + written(VB) + b"FF"),
    "segments in little-endian blocks": (SEGMENTS, segments(), LITTLE, written(LITTLE)),
    "nested tables, no lengths": (TABLES, COUNTS, RecordSpec(), OPEN),
}


def damaged(data):
    """The file cut at every byte, and with every byte changed to several others."""
    yield from (data[:end] for end in range(len(data)))
    for at in range(len(data)):
        for byte in {data[at] ^ 0x01, data[at] ^ 0x80, 0x00, 0xFF, 0x40} - {data[at]}:
            yield data[:at] + bytes([byte]) + data[at + 1 :]


def check(codec, spec, data, records):
    """Faults of the catalogue with file, record and a byte of the file; without one the same file is written."""
    faults = [fault for found in records for fault in found.decoded.faults]
    for fault in faults:
        assert fault.code in PROBLEMS
        assert fault.place.file == "f"
        assert fault.place.record
        assert 0 <= fault.place.offset <= len(data)
    values = [found.decoded.values for found in records if found.decoded.values is not None]
    if not faults:
        pieces = file_like(
            io.BytesIO(data), codec, spec, map(codec.write, values), file="f", refused=lambda fault: 1 / 0
        )
        assert b"".join(pieces) == data
    return faults


@pytest.mark.parametrize("name", FILES)
def test_damage_anywhere_gives_the_file_again_or_documented_faults(name):
    """Truncation at every byte and flips of every byte: segments, tables that depend, descriptor words, no lengths."""
    text, options, spec, whole = FILES[name]
    codec = CopybookCodec(parse_copybook(text), options)
    refused = 0
    assert check(codec, spec, whole, list(read_file(io.BytesIO(whole), codec, spec, file="f"))) == []
    for data in damaged(whole):
        refused += bool(check(codec, spec, data, list(read_file(io.BytesIO(data), codec, spec, file="f"))))
    assert refused > len(whole) // 2


def test_damage_anywhere_leaves_whole_trees_or_documented_faults():
    """A tree is told whole, or not at all; what is told was in the file."""
    options = segments()
    codec = CopybookCodec(parse_copybook(SEGMENTS), options)
    whole = written(V)
    for data in (whole, *damaged(whole)):
        family = Hierarchy(codec, options, {"HH": ("PS",)})
        records = list(family.read(read_file(io.BytesIO(data), codec, V, file="f"), file="f"))
        faults = [fault for found in records for fault in found.decoded.faults]
        assert all(fault.code in PROBLEMS and fault.place.record for fault in faults)
        trees = [found.decoded.values for found in records if found.decoded.values is not None]
        again = b"".join(write_blocks([raw for tree in trees for raw in family.write(tree)], V))
        assert faults or again == data
        assert len(again) <= len(data)
