"""Any records in any format, and any damage to them."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.records import (
    LengthItem,
    Recfm,
    RecordHeader,
    RecordReader,
    RecordSpec,
    Word,
    read_records,
    write_again,
    write_blocks,
)
from kakehashi.errors import InputError

WORDS = st.builds(
    Word,
    big_endian=st.booleans(),
    inclusive=st.booleans(),
    adjustment=st.integers(-1, 1),
    at=st.sampled_from([None, 0, 2]),
)
FREE = st.lists(st.binary(min_size=2, max_size=12), max_size=8)
TEXT = st.lists(st.text("ab 12", min_size=1, max_size=9).map(str.encode), max_size=8)
COUNTED = st.lists(st.binary(max_size=9).map(lambda rest: bytes([len(rest) + 1]) + rest), max_size=8)


@st.composite
def files(draw):
    """A format, and records that it can hold."""
    edges = {"file_header": draw(st.integers(0, 5)), "file_footer": draw(st.integers(0, 5))}
    match draw(st.sampled_from(list(Recfm))):
        case Recfm.F | Recfm.FB as recfm:
            length = draw(st.integers(1, 9))
            separator = draw(st.sampled_from(["none", "lf", "crlf"]))
            records = draw(st.lists(st.text("ab1", min_size=length, max_size=length).map(str.encode), max_size=8))
            return RecordSpec(recfm=recfm, record_length=length, separator=separator, **edges), records
        case Recfm.V | Recfm.VB as recfm:
            block = draw(st.integers(24, 60))
            return RecordSpec(recfm=recfm, rdw=draw(WORDS), bdw=draw(WORDS), block_size=block, **edges), draw(FREE)
        case Recfm.LINE as recfm:
            separator = draw(st.sampled_from(["lf", "crlf", "cr", "nel", None]))
            return RecordSpec(recfm=recfm, separator=separator, **edges), draw(TEXT)
        case Recfm.ITEM as recfm:
            return RecordSpec(recfm=recfm, length_item=LengthItem(offset=0, length=1), **edges), draw(COUNTED)
        case recfm:
            width = draw(st.integers(3, 6))
            header = RecordHeader(
                width=width,
                length_at=1,
                length_width=draw(st.integers(1, width - 1)),
                big_endian=draw(st.booleans()),
                inclusive=draw(st.booleans()),
                valid_width=1,
                valid=frozenset({b"\1", b"\2"}),
            )
            return RecordSpec(recfm=recfm, header=header, **edges), draw(FREE)


def file_of(spec, records):
    return b"H" * spec.file_header + b"".join(write_blocks(records, spec)) + b"F" * spec.file_footer


@given(files())
def test_what_was_written_is_read_and_written_again(case):
    """The same records; the same bytes."""
    spec, records = case
    data = file_of(spec, records)
    reader = RecordReader(io.BytesIO(data), spec, file="f")
    found = list(reader)
    assert [record.data for record in found] == records
    assert all(data[record.offset :].startswith(record.data) for record in found)
    assert b"".join(write_again(found, spec, reader.edges)) == data


def outcome(data, spec):
    """Records, or a documented fault inside the file; and whatever is accepted is written back as it was."""
    reader = RecordReader(io.BytesIO(data), spec, file="f")
    try:
        found = list(reader)
    except InputError as error:
        fault = error.fault
        assert fault.code in {"DEC-002", "DEC-003", "DEC-022"}
        assert fault.place.record >= 1
        assert 0 <= fault.place.offset <= len(data)
        return
    assert b"".join(write_again(found, spec, reader.edges)) == data


@given(files())
def test_a_file_cut_off_anywhere_is_records_or_a_fault(case):
    """Every length of it."""
    spec, records = case
    data = file_of(spec, records)
    for end in range(len(data)):
        outcome(data[:end], spec)


@given(files(), st.data())
def test_a_byte_flipped_anywhere_is_records_or_a_fault(case, data):
    """Every byte of it, to any value."""
    spec, records = case
    whole = bytearray(file_of(spec, records))
    flip = data.draw(st.integers(1, 255))
    for at in range(len(whole)):
        whole[at] ^= flip
        outcome(bytes(whole), spec)
        whole[at] ^= flip


@given(st.binary(max_size=80), files())
def test_any_bytes_are_records_or_a_fault(raw, case):
    """Of any format."""
    list_or_fault = case[0]
    outcome(raw, list_or_fault)


@given(files(), st.integers(1, 9))
def test_pieces_of_any_size_give_the_same_records(case, size):
    """A pipe may give one byte at a time."""
    spec, records = case

    class Pieces(io.BytesIO):
        def read(self, wanted=-1):
            return super().read(min(size, wanted))

    found = read_records(Pieces(file_of(spec, records)), spec, file="f")
    assert [record.data for record in found] == records
