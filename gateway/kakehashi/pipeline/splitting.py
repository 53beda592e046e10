"""「バッチの分割」 A message that is larger than the server takes at once becomes several, cut between records.

A part is a batch of its own, with its own bytes and a request id made from content. It holds whole records as they were
read, so what belongs to one document stays together, and each keeps its number and so its sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice

from kakehashi.codec.layout import Codec, Decoded, Role
from kakehashi.domain.batch import BatchBody, content_id
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.gathering import Piece, gather, pieces_in
from kakehashi.ports.ledger import BatchRow, NewPart
from kakehashi.ports.sealer import Sealer

__all__ = ["parts_by_run", "parts_of"]


def parts_of(
    codec: Codec,
    sealer: Sealer,
    row: BatchRow,
    body: BatchBody,
    positions: Sequence[int],
    *,
    number: int,
    file: str,
    groups: Sequence[int],
) -> list[NewPart]:
    """The records at `positions` as about `number` parts, more where the positions have gaps. `groups`: by position,
    the household that a record belongs to; empty: those under one group record.

    Empty when the records cannot be cut apart: each part must read as its records did.
    """
    if body.withdrawal:  # a record of it has a few hundred bytes: the server takes a batch of them at once
        return []
    most = -(-len(positions) // number)
    if body.gathered:
        pieces, together = pieces_in(body), _together(groups)
        return list(_regathered(sealer, row, pieces, positions, most=most, together=together))
    decoded = codec.decode(body, file=file, first_record=row.first_record, offset=row.offset)
    parts = []
    unbroken, together = _under_one(codec, body, decoded, row.offset), _together(groups or decoded.groups)
    for run in _runs(positions, most=most, together=together):
        cut = _cut(codec, decoded, run, unbroken)
        if cut is None:
            return []
        part, offset = cut
        parts.append(_part(sealer, row, part, first=decoded.numbers[run[0]], records=len(run), offset=offset))
    return parts


def parts_by_run(sealer: Sealer, row: BatchRow, body: BatchBody, runs: Sequence[int]) -> list[NewPart]:
    """Gathered records as parts of these lengths."""
    left = iter(pieces_in(body))
    cut = [list(islice(left, length)) for length in runs]
    return [
        _part(sealer, row, gather(some), first=some[0].number, records=len(some), offset=some[0].offset) for some in cut
    ]


def _part(sealer: Sealer, row: BatchRow, body: BatchBody, *, first: int, records: int, offset: int) -> NewPart:
    request_id = content_id("part", row.request_id, first, records)
    sealed = sealer.seal(body.to_bytes(), context=seal_context(row.lane, request_id))
    return NewPart(first_record=first, records=records, offset=offset, request_id=request_id, body=sealed)


def _regathered(
    sealer: Sealer,
    row: BatchRow,
    pieces: Sequence[Piece],
    positions: Sequence[int],
    *,
    most: int,
    together: Callable[[int], bool],
) -> Iterator[NewPart]:
    """Of records that were gathered each has its own bytes already, whatever stood between them."""
    for start, end in _cuts(positions, most=most, together=together):
        some = [pieces[position] for position in positions[start:end]]
        first = some[0]
        yield _part(sealer, row, gather(some), first=first.number, records=len(some), offset=first.offset)


def _runs(positions: Sequence[int], *, most: int, together: Callable[[int], bool]) -> Iterator[range]:
    """Neighbours together, `most` of them where a household is not larger; never a cut in a household."""
    start = 0
    for index in range(1, len(positions) + 1):
        if index == len(positions) or positions[index] != positions[index - 1] + 1:
            run = positions[start:index]
            for first, end in _cuts(run, most=most, together=together):
                yield range(run[first], run[end - 1] + 1)
            start = index


def _cuts(positions: Sequence[int], *, most: int, together: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Slices of `most` positions or less, each as long as it may be; one that cannot be cut may be longer."""
    start = last = 0
    for index in range(1, len(positions) + 1):
        if index < len(positions) and together(positions[index]):
            continue
        if index - start > most and last > start:
            yield start, last
            start = last
        last = index
    yield start, last


def _together(groups: Sequence[int]) -> Callable[[int], bool]:
    """Whether a household has records both before this position and from it on."""
    last = {group: position for position, group in enumerate(groups)}
    reach = list(accumulate((last[group] for group in groups), max))
    return lambda position: bool(groups) and reach[position - 1] >= position


def _under_one(codec: Codec, body: BatchBody, decoded: Decoded, offset: int) -> Callable[[int], bool]:
    """Whether a record stands under the same group record as the one before it: nothing stands between the two."""
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
