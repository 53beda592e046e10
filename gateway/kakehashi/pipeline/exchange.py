"""「交信」 What is written down of one message to the server and what came back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime

from kakehashi.errors import Fault, ServerError
from kakehashi.pipeline.conversation import Reply
from kakehashi.ports.ledger import Exchange

__all__ = ["answered", "failed", "in_a_row", "why_unknown"]

_OF_OTHERS = frozenset({"SRV-007", "VAL-004"})


def answered(reply: Reply, message_id: str, request_id: str | None, sent_at: datetime) -> Exchange:
    return Exchange(
        message_id=message_id,
        request_id=request_id,
        sent_at=sent_at,
        segment=int(reply.answer.segment),
        code=reply.answer.code,
    )


def failed(error: ServerError, message_id: str, request_id: str | None, sent_at: datetime) -> Exchange:
    return Exchange(message_id=message_id, request_id=request_id, sent_at=sent_at, segment=None, code=error.fault.code)


def why_unknown(exchange: Exchange) -> Fault:
    """What to say of an unknown outcome: an answer to another request, or an unreadable one, is told as what it is."""
    return Fault(exchange.code if exchange.code in _OF_OTHERS else "SRV-003")


def in_a_row(codes: Sequence[str | None], kind: Callable[[str | None], bool]) -> int:
    """How many of the newest are of this kind; at least 1."""
    return max(1, sum(1 for _ in itertools.takewhile(kind, codes)))
