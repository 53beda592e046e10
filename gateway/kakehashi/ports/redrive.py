"""What operators order for whole groups of records, and records that they corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from kakehashi.domain.batch import content_id
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.ledger import BatchRow, Decision, ExceptionRow
from kakehashi.ports.sealer import Sealed

__all__ = [
    "AT_ONCE",
    "BatchCause",
    "Correction",
    "NewOrder",
    "OrderBook",
    "OrderRow",
    "order_request",
    "packed",
    "pause_after",
    "step_of",
    "together",
]

Taken = TypeVar("Taken")

AT_ONCE = 2000
"""Records of one step of an order, at most: a step is one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """「一括指図」 Who orders what, and why, for the open records and parked batches of a lane that have this cause.

    None: every code, server code, item. `per_second`: records that a retry takes up in a second; `most`: in all.
    One over dead letters is done when it is placed: it keeps who gave up how many (`most`), and why.
    """

    lane: str
    action: OrderAction
    reason: str
    actor: str
    per_second: int
    placed_at: datetime
    code: str | None = None
    server_code: str | None = None
    item: str | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow(NewOrder):
    """`selected`: records that it chose when it was placed; `done`: those that it has decided so far. What is refused
    after that is none of its business. `due`: when it goes on; `stopped_by` and `stop_reason`: who stopped it, and why.
    """

    id: int
    state: OrderState
    selected: int
    done: int
    due: datetime
    changed_at: datetime
    stopped_by: str | None = None
    stop_reason: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it goes on now: its pause is over, or the clock was set back since."""
        return self.state is OrderState.OPEN and (self.due <= now or self.changed_at > now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """「訂正」 The bytes that a batch carries in place of those of its exception, which keeps them.

    `items`: the names of what was changed (empty: the whole record was given anew). `config_hash`: of the configuration
    that it was checked with. Who did it, when and why is the Decision of action `correct`.
    """

    payload: Sealed
    items: tuple[str, ...]
    config_hash: str


@dataclass(frozen=True, slots=True)
class BatchCause:
    """Parked batches grouped: lane, code, how many, with how many records, since when, and the oldest of them."""

    lane: str
    code: str
    batches: int
    records: int
    oldest: datetime
    example: int


def order_request(order_id: int, exception_ids: Sequence[int]) -> str:
    """The request id under which an order sends records again."""
    return content_id("order", order_id, *exception_ids)


def together(order: OrderRow, *, batch_records: int, most: int, waiting: int) -> int:
    """How many records an order sends again in one batch: no more than it may send in a second."""
    return max(1, min(batch_records, order.per_second, most, waiting))


def packed(units: Sequence[Sequence[Taken]], size: int) -> Iterator[list[Taken]]:
    """Records in batches of `size`, in their order; a unit (a household) is never parted, and may be larger."""
    some: list[Taken] = []
    for unit in units:
        if some and len(some) + len(unit) > size:
            yield some
            some = []
        some = [*some, *unit]
    if some:
        yield some


def step_of(order: OrderRow, *, size: int, most: int, room: int) -> int:
    """How many records the next step may take: about a second's worth of a retry, never more than there is room for.

    In whole batches of `size`, so that whoever takes the same step again, also in a restored ledger, makes the same
    batches of it.
    """
    left = AT_ONCE if order.most is None else order.most - order.done
    if order.action is OrderAction.DISCARD:
        return max(0, min(most, left))
    step = min(most, order.per_second, room)
    return max(0, min(step - step % size, left))


def pause_after(order: OrderRow, taken: int) -> timedelta:
    """How long a retry rests after a step, so that its rate is kept."""
    return timedelta(0) if order.action is OrderAction.DISCARD else timedelta(seconds=taken / order.per_second)


class OrderBook(Protocol):
    """The part of the store that knows orders and corrections. As of `Store`, every method is one transaction."""

    def parked_causes(self) -> list[BatchCause]:
        """What `parked_batches` gives, grouped by lane and code; the most records first."""

    def place_order(self, order: NewOrder) -> OrderRow:
        """Write it down; nothing else happens yet. It covers what is open now, not what comes to be open later."""

    def orders(self, *, state: OrderState | None = None) -> list[OrderRow]:
        """Oldest first."""

    def carry_out(
        self, order_id: int, *, batch_records: int, most: int, waiting: int, now: datetime
    ) -> OrderRow | None:
        """The next step of an open order that is due: decide its next records as `redrive` and `discard` do, then its
        next parked batches as `decide_batch` does, with its reason and actor. What is sent again travels in batches of
        up to `batch_records` records of one file, by number; their request ids are `order_request`. Open records of
        their households go with them, in the same batch, however many they are.

        At most `most` records and a second's worth of a retry (a parked batch is taken whole), and none that would make
        it more than `waiting` retried records of the lane on their way: neither ended nor parked. None: it is not open,
        or not due. Several may try at once: a record is decided once. Its state is done after the step that found
        nothing left.
        """

    def stop_order(self, order_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        """What it has not decided yet stays as it is. False for one that is not open."""

    def is_ordered(self, file_id: int) -> bool:
        """Whether an open order has still to decide something of the file."""

    def correct(
        self, exception_id: int, correction: Correction, *, request_id: str, reason: str, actor: str, now: datetime
    ) -> BatchRow | None:
        """As `redrive` of one record, which goes out with the corrected bytes. None for one that is not open."""

    def correction(self, batch_id: int) -> Correction | None:
        """What the batch carries in place of its exception's payload."""

    def retried_as(self, exception_id: int) -> BatchRow | None:
        """The batch that carries the record again; of one that was split, the part."""

    def retried_in(self, batch_id: int) -> list[ExceptionRow]:
        """The exceptions whose records the batch carries again, by record number."""

    def households_in(self, batch_id: int) -> Mapping[int, int]:
        """Of the records that the batch carries again, by number, the first of their household; none for those that
        have no household.
        """

    def household_of(self, exception_id: int) -> list[ExceptionRow]:
        """All exceptions that records of its household have or had, by record number; empty when it has none."""

    def payloads(self, exception_ids: Sequence[int]) -> Mapping[int, Sealed]:
        """As `payload`, of many."""

    def decisions_about(self, exception_id: int) -> list[Decision]:
        """Oldest first."""

    def note(self, exception_id: int, *, action: str, reason: str, actor: str, now: datetime) -> bool:
        """A decision that changes nothing (its bytes were given out). False for an unknown record."""
