"""What holds for a file of a layout, whatever its bytes."""

from __future__ import annotations

from tests.unit.codec.shapes import decode_file

from kakehashi.catalogue import PROBLEMS
from kakehashi.codec.compile import compile_codec
from kakehashi.codec.layout import Layout
from kakehashi.domain.batch import BatchBody


def check(layout: Layout, data: bytes) -> None:
    """Structure and records of any bytes: documented faults, exact sums, the same again from each record alone."""
    whole, rows, faults = decode_file(layout, data, batch=2)
    assert len(rows) == whole.records
    assert whole.size == len(data)
    assert {fault.code for fault in (*whole.faults, *faults)} <= PROBLEMS.keys()
    assert all(fault.place.file == "case.dat" for fault in (*whole.faults, *faults))
    known = [fault.place.offset for fault in faults if fault.place.offset is not None]
    assert layout.groups or len(known) == len(faults)  # of several headers, nobody knows which
    assert all(0 <= offset <= len(data) for offset in known)
    refused = {number for number, row in enumerate(rows, start=1) if row is None}
    assert {fault.place.record for fault in faults} == refused
    check_alone(layout, data, whole)


def check_alone(layout: Layout, data: bytes, whole) -> None:
    codec = compile_codec(layout)
    for part in whole.slices:
        body = BatchBody(whole.header, data[part.offset : part.offset + part.length])
        decoded = codec.decode(body, file="case.dat", first_record=part.first_record, offset=part.offset)
        for index, row in enumerate(decoded.rows):
            number = decoded.numbers[index]
            again = codec.decode(decoded.raw(index), file="case.dat", first_record=number, offset=0)
            assert again.rows == [row]
            assert [f.code for f in again.faults] == [f.code for f in decoded.faults if f.place.record == number]
        if not any(fault.code == "DEC-014" for fault in whole.faults) and None not in decoded.rows:
            assert codec.encode(body, decoded) == body.data
