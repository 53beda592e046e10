"""「一歩」 What became of one step of a batch: done with, to be carried again, or not ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kakehashi.pipeline.envelope import WorkItem
from kakehashi.ports.ledger import BatchRow

__all__ = ["Done", "Foreign", "Later", "Step"]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to carry: settled, parked (with its code), or somebody else has gone on (stale)."""

    event: str
    row: BatchRow
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Carry `item` again after `after`; `code` says why."""

    event: str
    row: BatchRow
    item: WorkItem
    after: timedelta
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """Not our message: bury it with this code."""

    code: str


Step = Done | Later | Foreign
