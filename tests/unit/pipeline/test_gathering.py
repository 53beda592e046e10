"""Records from all over a file read together as they read in it, each with its own number, place and fate."""

import io
from dataclasses import replace
from datetime import date

import pytest
from tests.unit.pipeline.conftest import ROOT

from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.pipeline.gathering import Piece, gather, pieces_in
from kakehashi.pipeline.reading import read_body
from kakehashi.pipeline.withdrawal import withdrawal_of, withdrawn_in

LANES = ["tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household", "registry-persons"]
CONFIGURATION = load(ROOT / "config")


def pieces_of(lane, manifest, damage=lambda data: data):
    """(codec, every record of a lane's first file alone, their rows)."""
    codec, sample = CONFIGURATION.routes[lane].codec, next(s for s in manifest.lane(lane) if s.good)
    content = damage(sample.path.read_bytes())
    split = codec.split(io.BytesIO(content), batch_records=10_000, file="")
    pieces, rows = [], []
    for part in split.slices:
        body = BatchBody(split.header_of(part), content[part.offset : part.offset + part.length])
        decoded = codec.decode(body, file="", first_record=part.first_record, offset=part.offset)
        rows += decoded.rows
        pieces += [
            Piece(number, offset, decoded.raw(position))
            for position, (number, offset) in enumerate(zip(decoded.numbers, decoded.offsets, strict=True))
        ]
    return codec, pieces, rows


def read(codec, pieces):
    body = BatchBody.from_bytes(gather(pieces).to_bytes())
    assert pieces_in(body) == pieces
    return read_body(codec, body, file="x", first_record=1, offset=0)


@pytest.mark.parametrize("lane", LANES)
def test_gathered_records_read_as_in_their_file(manifest, lane):
    """Every third one: the same values, with the numbers and places that they have there, and their own bytes."""
    codec, pieces, rows = pieces_of(lane, manifest)
    decoded = read(codec, pieces[::3])
    assert len(decoded.rows) > 4
    assert (decoded.rows, decoded.faults) == (rows[::3], [])
    assert list(decoded.numbers) == [piece.number for piece in pieces[::3]]
    assert list(decoded.offsets) == [piece.offset for piece in pieces[::3]]
    assert [decoded.raw(position) for position in range(len(decoded.rows))] == [piece.body for piece in pieces[::3]]


@pytest.mark.parametrize("lane", LANES)
def test_a_record_that_is_cut_off_takes_no_neighbour_with_it(manifest, lane):
    """What does not end where it should reads as it would alone, and so do those behind it."""
    codec, pieces, rows = pieces_of(lane, manifest)
    cut = replace(pieces[1].body, data=pieces[1].body.data[:-9])
    alone = codec.decode(cut, file="x", first_record=pieces[1].number, offset=0)
    decoded = read(codec, [pieces[0], pieces[1]._replace(body=cut), *pieces[2:6]])
    assert decoded.rows == [rows[0], *alone.rows, *rows[2:6]]
    assert [fault.code for fault in decoded.faults] == [fault.code for fault in alone.faults]


def test_a_fault_stands_at_its_record(manifest):
    """The bytes before it are not there: it has the number and the place that the record had in its file."""
    codec, pieces, rows = pieces_of("tax-levy", manifest)
    wrong = replace(pieces[4].body, data=pieces[4].body.data[:329] + b"\xff" * 6 + pieces[4].body.data[335:])
    decoded = read(codec, [pieces[1], pieces[4]._replace(body=wrong), pieces[7]])
    assert decoded.rows == [rows[1], None, rows[7]]
    assert {(fault.place.record, fault.place.offset) for fault in decoded.faults} == {(5, pieces[4].offset)}


def test_withdrawals_are_gathered_too():
    """They stay withdrawals, each with its own key."""
    keys = [("1" * 15, "2026"), ("2" * 15, "2027")]
    bodies = [withdrawal_of([key], since=date(2026, 11, 27)) for key in keys]
    body = BatchBody.from_bytes(gather([Piece(3, 0, bodies[0]), Piece(9, 70, bodies[1])]).to_bytes())
    assert body.withdrawal
    assert [(key.person, key.unit) for key in withdrawn_in(body)] == keys
    decoded = read_body(CONFIGURATION.routes["tax-levy"].codec, body, file="x", first_record=1, offset=0)
    assert (decoded.rows, list(decoded.numbers), decoded.raw(1)) == ([(), ()], [3, 9], bodies[1])
