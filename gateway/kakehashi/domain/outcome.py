"""「処理結果」 What became of a record or a batch: a closed union, matched exhaustively."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kakehashi.errors import Fault

__all__ = ["Accepted", "Outcome", "Rejected", "Retryable", "Unknown", "Waiting", "WaitingFor"]


class WaitingFor(StrEnum):
    """「待ち合わせ対象」 What a record waits for that is nobody's fault."""

    RESULT = "result"
    SYMBOL = "symbol"
    HOUSEHOLD = "household"
    SERVICE_HOURS = "service-hours"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Accepted:
    """「受理」 The server has taken it, for good."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """「待機」 Not final, nothing to repeat: look again after `after` (None: somebody must act on `fault`)."""

    what: WaitingFor
    after: timedelta | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Retryable:
    """「再試行」 Failed for now; send again after `after`. `split`: at once, in parts, where that can be done."""

    after: timedelta
    fault: Fault
    split: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """「却下」 Final until somebody changes something."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Unknown:
    """「結果不明」 Sent, but nobody knows whether it arrived: ask by `request_id` before sending again."""

    request_id: str
    after: timedelta


Outcome = Accepted | Waiting | Retryable | Rejected | Unknown
