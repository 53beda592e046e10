"""「束ね」 Records that are sent again together: one body that keeps the bytes, the number and the place of each."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from kakehashi.domain.batch import BatchBody

__all__ = ["Piece", "gather", "pieces_in"]

_PLACE = struct.Struct(">QQI")


class Piece(NamedTuple):
    """The bytes of one record, with the number and the first byte that it has in its file."""

    number: int
    offset: int
    body: BatchBody


def gather(pieces: Sequence[Piece]) -> BatchBody:
    """They come from one file, so all of them are withdrawals or none is."""
    framed: list[bytes] = []
    for piece in pieces:
        raw = piece.body.to_bytes()
        framed += _PLACE.pack(piece.number, piece.offset, len(raw)), raw
    return BatchBody(b"", b"".join(framed), withdrawal=pieces[0].body.withdrawal, gathered=True)


def pieces_in(body: BatchBody) -> list[Piece]:
    pieces, at = [], 0
    while at < len(body.data):
        number, offset, length = _PLACE.unpack_from(body.data, at)
        at += _PLACE.size + length
        pieces.append(Piece(number, offset, BatchBody.from_bytes(body.data[at - length : at])))
    return pieces
