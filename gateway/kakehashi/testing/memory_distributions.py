"""The part of the MemoryStore that keeps distributions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kakehashi.ports.distributions import DistributionRow
from kakehashi.testing.memory_symbols import MemorySymbolBook

__all__ = ["MemoryDistributionBook"]


class MemoryDistributionBook(MemorySymbolBook):
    """See `kakehashi.ports.distributions.DistributionBook`."""

    def keep_distribution(self, content: str, *, now: datetime) -> bool:
        with self._transaction() as ledger:
            kept = ledger.distributions
            if kept and kept[-1].content == content:
                kept[-1] = replace(kept[-1], seen_at=now)
                return False
            kept.append(DistributionRow(id=len(kept) + 1, content=content, received_at=now, seen_at=now))
            return True

    def distribution(self) -> DistributionRow | None:
        with self._transaction() as ledger:
            return ledger.distributions[-1] if ledger.distributions else None
