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
    return [Withdrawn(*json.loads(line)) for line in body.data.splitlines()]


def read_body(codec: Codec, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
    """As `codec.decode`; the rows of a withdrawal have no values."""
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
