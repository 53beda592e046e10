"""An order as the memory store keeps it: the row, and up to where it has come."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi.ports.ledger import BatchRow, ExceptionRow
from kakehashi.ports.redrive import NewOrder, OrderRow

__all__ = ["MemoryOrder", "covers", "covers_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOrder:
    """`…_to`: what was there when it was placed; `…_at`: what it has looked at."""

    row: OrderRow
    exceptions_to: int
    batches_to: int
    exceptions_at: int = 0
    batches_at: int = 0


def covers(order: NewOrder, row: ExceptionRow) -> bool:
    """Whether the order is about that record, were it open."""
    wanted = (order.code, order.server_code, order.item)
    causes = zip(wanted, (row.code, row.server_code, row.item), strict=True)
    return row.lane == order.lane and all(want in (None, have) for want, have in causes)


def covers_batch(order: NewOrder, row: BatchRow) -> bool:
    """Whether the order is about that batch, were it parked: it has neither a server's code nor an item."""
    wide = order.server_code is None and order.item is None
    return wide and row.lane == order.lane and order.code in (None, row.code)
