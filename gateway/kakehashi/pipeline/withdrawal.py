"""「副本取消」 Batches that delete replicas by their keys: the owner's files know nothing of these any more.

They go the way of every batch: ledger, broker, sequence, receipt, result by record. Only their bytes are our own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from kakehashi.codec.layout import Codec, Decoded
from kakehashi.domain.batch import BatchBody
from kakehashi.mapping.mapper import Mapped
from kakehashi.pipeline.gathering import Piece, pieces_in

__all__ = ["Withdrawn", "read_body", "withdrawal_of", "withdrawn_in"]


class Withdrawn(NamedTuple):
    """A key whose replica is to be deleted. Whoever deletes it discloses nothing more meanwhile."""

    person: str
    unit: str
    since: str

    @property
    def mapped(self) -> Mapped:
        return Mapped(self.unit, self.since, "", "1", "1", "delete", "")


def withdrawal_of(keys: Sequence[tuple[str, str]], *, since: date) -> BatchBody:
    """A batch that deletes these (person, unit)."""
    lines = (json.dumps([person, unit, since.isoformat()]).encode() + b"\n" for person, unit in keys)
    return BatchBody(b"", b"".join(lines), withdrawal=True)


def withdrawn_in(body: BatchBody) -> list[Withdrawn]:
    if body.gathered:
        return [key for piece in pieces_in(body) for key in withdrawn_in(piece.body)]
    return [Withdrawn(*json.loads(line)) for line in body.data.splitlines()]


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
    each = [read_body(codec, p.body, file=file, first_record=p.number, offset=p.offset) for p in pieces]
    return Decoded(
        rows=[row for decoded in each for row in decoded.rows],
        numbers=[piece.number for piece in pieces],
        offsets=[piece.offset for piece in pieces],
        faults=[f.at(offset=p.offset) for p, decoded in zip(pieces, each, strict=True) for f in decoded.faults],
        raw=lambda index: pieces[index].body,
    )
