"""Records with their descriptor words, separators and blocks."""

from __future__ import annotations

import io

import pytest

from kakehashi.codec.records import (
    LengthItem,
    Recfm,
    RecordHeader,
    RecordSpec,
    Word,
    blocks_of,
    read_records,
    write_block,
    write_blocks,
    write_record,
)
from kakehashi.errors import InputError

WRITTEN = [
    (RecordSpec(record_length=2), b"ab"),
    (RecordSpec(recfm=Recfm.LINE, separator="nel"), b"ab\x15"),
    (RecordSpec(recfm=Recfm.LINE), b"ab\r\n"),
    (RecordSpec(recfm=Recfm.V), b"\0\6\0\0ab"),
    (RecordSpec(recfm=Recfm.V, rdw=Word(big_endian=False, inclusive=False)), b"\0\0\2\0ab"),
    (RecordSpec(recfm=Recfm.V, rdw=Word(adjustment=1)), b"\0\5\0\0ab"),
    (RecordSpec(recfm=Recfm.HEADER, header=RecordHeader(width=3, length_at=1, length_width=2, inclusive=True,
     valid_width=1, valid=frozenset({b"\1"}))), b"\1\0\5ab"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "expected"), WRITTEN)
def test_a_record_is_written_as_it_stands_in_a_file(spec, expected):
    """With its word, header or separator."""
    assert write_record(b"ab", spec) == expected


@pytest.mark.parametrize(
    ("spec", "data"),
    [
        (RecordSpec(record_length=2), b"abc"),
        (RecordSpec(recfm=Recfm.LINE, separator="lf"), b"a\nb"),
        (RecordSpec(recfm=Recfm.V), bytes(0x10000)),
        (RecordSpec(recfm=Recfm.V, rdw=Word(inclusive=False)), b""),
        (RecordSpec(recfm=Recfm.ITEM, length_item=LengthItem(offset=0, length=1)), b"\5abc"),
        (RecordSpec(recfm=Recfm.HEADER, header=RecordHeader(width=1, length_at=0, length_width=1)), bytes(256)),
    ],
)
def test_what_would_be_read_back_as_something_else_is_not_written(spec, data):
    """DEC-018."""
    with pytest.raises(InputError) as told:
        write_record(data, spec)
    assert told.value.fault.code == "DEC-018"


def test_blocks_are_as_full_as_they_can_be():
    """A block never exceeds its size; one word says its length, itself included."""
    spec = RecordSpec(recfm=Recfm.VB, block_size=20)
    blocks = list(write_blocks([b"aaaa", b"bbbb", b"cccc"], spec))
    assert [len(block) for block in blocks] == [20, 12]
    assert blocks[1] == b"\0\x0c\0\0\0\x08\0\0cccc"


def test_blocks_are_kept_as_they_were():
    """Also those that could have been fuller, and those in the large form."""
    spec = RecordSpec(recfm=Recfm.VB)
    large = b"\x80\0\0\x09\0\5\0\0c"
    data = write_block([b"a"], spec) + write_block([b"b", b""], spec) + large
    blocks = list(blocks_of(read_records(io.BytesIO(data), spec, file="f")))
    assert [[record.data for record in block] for block in blocks] == [[b"a"], [b"b", b""], [b"c"]]
    assert b"".join(write_block([r.data for r in block], spec, head=block[0].head) for block in blocks) == data


def test_a_block_beyond_32767_bytes_takes_the_large_form():
    """A length of 31 bits, the first bit set."""
    spec = RecordSpec(recfm=Recfm.VB, block_size=1 << 17)
    (block,) = write_blocks([bytes(60_000)], spec)
    assert block[:4] == (60_008 | 1 << 31).to_bytes(4, "big")
    assert [len(record.data) for record in read_records(io.BytesIO(block), spec, file="f")] == [60_000]
