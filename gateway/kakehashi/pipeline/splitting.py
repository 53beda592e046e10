"""「バッチの分割」 A message that is larger than the server takes at once becomes several, cut between records.

A part is a batch of its own, with its own bytes and a request id made from content. It holds whole records as they were
read, so what belongs to one document stays together, and each keeps its number and so its sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kakehashi.codec.layout import Codec, Decoded, Role
from kakehashi.domain.batch import BatchBody, content_id
from kakehashi.pipeline.envelope import seal_context
from kakehashi.ports.ledger import BatchRow, NewPart
from kakehashi.ports.sealer import Sealer

__all__ = ["parts_of"]


def parts_of(
    codec: Codec, sealer: Sealer, row: BatchRow, body: BatchBody, positions: Sequence[int], *, number: int, file: str
) -> list[NewPart]:
    """The records at `positions` as about `number` parts, more where the positions have gaps.

    Empty when the records cannot be cut apart: each part must read as its records did.
    """
    if body.withdrawal:  # a record of it has a few hundred bytes: the server takes a batch of them at once
        return []
    decoded = codec.decode(body, file=file, first_record=row.first_record, offset=row.offset)
    parts = []
    unbroken = _in_households(codec, body, decoded, row.offset)
    for run in _runs(positions, most=-(-len(positions) // number), unbroken=unbroken):
        cut = _cut(codec, decoded, run, unbroken)
        if cut is None:
            return []
        part, offset = cut
        first = decoded.numbers[run[0]]
        request_id = content_id("part", row.request_id, first, len(run))
        sealed = sealer.seal(part.to_bytes(), context=seal_context(row.lane, request_id))
        parts.append(NewPart(first_record=first, records=len(run), offset=offset, request_id=request_id, body=sealed))
    return parts


def _runs(positions: Sequence[int], *, most: int, unbroken: Callable[[int], bool]) -> Iterator[range]:
    """Neighbours together, about `most` of them; never a cut before a position that is `unbroken`."""
    start = 0
    for index in range(1, len(positions) + 1):
        last = index == len(positions) or positions[index] != positions[index - 1] + 1
        if last or (index - start >= most and not unbroken(positions[index])):
            yield range(positions[start], positions[index - 1] + 1)
            start = index


def _in_households(codec: Codec, body: BatchBody, decoded: Decoded, offset: int) -> Callable[[int], bool]:
    """Whether a record belongs to the same group as the one before it: nothing stands between the two."""
    if codec.layout.record(Role.GROUP) is None:
        return lambda _: False

    def unbroken(position: int) -> bool:
        between = body.data[decoded.offsets[position - 1] - offset : decoded.offsets[position] - offset]
        return decoded.raw(position - 1).data.endswith(between)

    return unbroken


def _cut(codec: Codec, decoded: Decoded, run: range, unbroken: Callable[[int], bool]) -> tuple[BatchBody, int] | None:
    """The bytes of a run and where they begin in the file, each household's group record once."""
    first = run[0]
    pieces = [decoded.raw(first)]
    for position in run[1:]:
        alone = decoded.raw(position)
        group = 0
        if unbroken(position):
            before = decoded.offsets[position] - decoded.offsets[position - 1]
            group = len(decoded.raw(position - 1).data) - before
        pieces.append(BatchBody(alone.header, alone.data[group:]))
    part = BatchBody(pieces[0].header, b"".join(piece.data for piece in pieces))
    again = codec.decode(part, file="", first_record=1, offset=0)
    if again.rows != decoded.rows[first : run[-1] + 1]:
        return None
    return part, decoded.offsets[first] - again.offsets[0]
