"""A batch as a broker message: ids and counts in the headers, everything else sealed in the body."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi.errors import InputError
from kakehashi.ports.broker import URGENT, Message
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.sealer import Sealed

__all__ = ["WorkItem", "item_of", "lane_of", "read_message", "seal_context", "write_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """What a worker holds: which batch, whose turn it was when the message was written, the sealed BatchBody.

    `urgent`: it travels in the urgent queue, before all that stands in the queues of the lanes.
    """

    batch_id: int
    turn: int
    request_id: str
    lane: str
    body: Sealed
    urgent: bool = False


def seal_context(lane: str, request_id: str) -> str:
    """What a sealed BatchBody is bound to: it opens only as this work of this lane."""
    return f"batch/{lane}/{request_id}"


def write_message(item: WorkItem, *, records: int, profile: str, config_hash: str) -> Message:
    """The same item gives the same message id, so that a repeated publish is recognised."""
    headers: dict[str, str | int] = {
        "batch": item.batch_id,
        "turn": item.turn,
        "request": item.request_id,
        "records": records,
        "profile": profile,
        "config": config_hash,
        "key": item.body.key_id,
    }
    if item.urgent:
        headers["lane"] = item.lane
    lane = URGENT if item.urgent else item.lane
    return Message(id=f"{item.request_id}-{item.turn}", lane=lane, body=item.body.body, headers=headers)


def item_of(row: BatchRow, body: Sealed, *, urgent: bool) -> WorkItem:
    """The item that continues a batch where the ledger says it stands."""
    return WorkItem(batch_id=row.id, turn=row.turn, request_id=row.request_id, lane=row.lane, body=body, urgent=urgent)


def lane_of(message: Message) -> str:
    """Whose work it is: the urgent queue carries that of several lanes. Not yet checked."""
    return str(message.headers.get("lane", URGENT)) if message.lane == URGENT else message.lane


def read_message(message: Message) -> WorkItem:
    """Raises InputError BRK-006 for a message that is not ours."""
    headers = message.headers
    batch, turn, request, key = (headers.get(name) for name in ("batch", "turn", "request", "key"))
    if not (isinstance(batch, int) and isinstance(turn, int) and isinstance(request, str) and isinstance(key, str)):
        raise InputError("BRK-006")
    return WorkItem(
        batch_id=batch,
        turn=turn,
        request_id=request,
        lane=lane_of(message),
        body=Sealed(key_id=key, body=message.body),
        urgent=message.lane == URGENT,
    )
