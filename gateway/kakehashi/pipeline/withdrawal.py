"""「副本取消」 Batches that delete replicas by their keys: the owner's files know nothing of these any more.

They go the way of every batch: ledger, broker, sequence, receipt, result by record. Only their bytes are our own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from kakehashi.domain.batch import BatchBody
from kakehashi.mapping.mapper import Mapped
from kakehashi.pipeline.gathering import pieces_in

__all__ = ["Withdrawn", "withdrawal_of", "withdrawn_in"]


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
