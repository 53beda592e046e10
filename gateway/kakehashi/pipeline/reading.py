"""Reading the body of a batch: records as their file had them, keys to be withdrawn, or records sent again together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from kakehashi.codec.layout import Codec, Decoded, Value
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault
from kakehashi.pipeline.gathering import Piece, pieces_in

__all__ = ["read_body"]


def read_body(codec: Codec, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
    """As `codec.decode`; the rows of a withdrawal have no values. Records that were gathered say themselves where they
    stand, and no more than where each begins: the bytes before it are not there.
    """
    if body.gathered:
        return _read_pieces(codec, pieces_in(body), file)
    if not body.withdrawal:
        return codec.decode(body, file=file, first_record=first_record, offset=offset)
    lines = body.data.splitlines(keepends=True)
    starts = [offset]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line))
    return Decoded(
        rows=[() for _ in lines],
        numbers=range(first_record, first_record + len(lines)),
        offsets=starts,
        faults=[],
        raw=lambda index: BatchBody(b"", lines[index], withdrawal=True),
    )


def _read_pieces(codec: Codec, pieces: Sequence[Piece], file: str) -> Decoded:
    rows: list[tuple[Value, ...] | None] = []
    faults: list[Fault] = []
    for _, some in groupby(pieces, key=lambda piece: piece.body.header):
        for run, decoded in _read_run(codec, list(some), file):
            rows += decoded.rows
            places = [(run[fault.place.record or 0], fault) for fault in decoded.faults]
            faults += [fault.at(record=piece.number, offset=piece.offset) for piece, fault in places]
    return Decoded(
        rows=rows,
        numbers=[piece.number for piece in pieces],
        offsets=[piece.offset for piece in pieces],
        faults=faults,
        raw=lambda index: pieces[index].body,
    )


def _read_run(codec: Codec, run: Sequence[Piece], file: str) -> Iterator[tuple[Sequence[Piece], Decoded]]:
    """Side by side, as in their file, which is much faster; each alone where they do not come apart again as they were:
    one was the last of its file, or half a record. Their numbers count from 0.
    """
    body = replace(run[0].body, data=b"".join([piece.body.data for piece in run]))
    decoded = read_body(codec, body, file=file, first_record=0, offset=0)
    apart = [decoded.raw(position) for position in range(len(decoded.rows))]
    if len(run) == 1 or apart == [piece.body for piece in run]:
        yield run, decoded
    else:
        for piece in run:
            yield from _read_run(codec, [piece], file)
