"""What of the ledger keeps distributions of the server. Nothing here is personal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["DistributionBook", "DistributionRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionRow:
    """「配信」 `received_at`: when it first said this; `seen_at`: when it was last asked and said the same."""

    id: int
    content: str
    received_at: datetime
    seen_at: datetime


class DistributionBook(Protocol):
    """Atomic as everything of the Store. Every distribution stays: what was known when can be shown."""

    def keep_distribution(self, content: str, *, now: datetime) -> bool:
        """Whether it says something else than the newest one; the same moves only that one's `seen_at`."""

    def distribution(self) -> DistributionRow | None:
        """The newest; None: the server was never asked."""
