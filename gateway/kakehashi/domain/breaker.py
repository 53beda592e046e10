"""「遮断器」 Whether a destination is left in peace: what is told of it, and what a ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["WHOLE_ENDPOINT", "BreakerRow", "BreakerState"]

WHOLE_ENDPOINT = "*"
"""The name of the breaker of the server itself; the others have the names of their lanes."""


class BreakerState(StrEnum):
    """「遮断状態」 closed: messages go; open: none does until a time; half-open: one does, as a probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRow:
    """「遮断器の記録」 `since`: when it opened, or when it closed again; `code`: of the failure that opened it."""

    name: str
    state: BreakerState
    since: datetime
    code: str | None = None
