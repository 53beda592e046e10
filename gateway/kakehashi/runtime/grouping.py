"""Reads whole extracts into a run of record matching."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault
from kakehashi.pipeline.grouping import Grouping

__all__ = ["PILE", "read_extract"]

PILE = 8 << 20
"""Bytes of the extracts that are compared in memory at once, about: 20,000 records."""
_AT_ONCE = 2000


def read_extract(grouping: Grouping, route: Route, path: Path) -> Iterator[Fault]:
    """The faults of a file as a whole (then nothing of it is read), else of its records, with their places."""
    assert route.link is not None
    with path.open("rb") as stream:
        split = route.codec.split(stream, batch_records=_AT_ONCE, file=path.name)
        yield from split.faults
        for part in () if split.faults else split.slices:
            stream.seek(part.offset)
            body = BatchBody(split.header_of(part), stream.read(part.length))
            decoded = route.codec.decode(body, file=path.name, first_record=part.first_record, offset=part.offset)
            yield from decoded.faults
            rows = ((position, row) for position, row in enumerate(decoded.rows) if row is not None)
            for position, fault in grouping.read(rows, route.link):
                number, offset = decoded.numbers[position], decoded.offsets[position]
                yield fault.at(file=path.name, record=number, offset=offset)
