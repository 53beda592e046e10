"""What came before a batch, and who died on it, in the memory store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kakehashi.ports.ledger import BatchRow, ReplicaChange
from kakehashi.ports.store_rules import WORKABLE
from kakehashi.testing.memory_restoring import MemoryRestoring

__all__ = ["MemorySuccession"]


class MemorySuccession(MemoryRestoring):
    """The part of a MemoryStore that knows batches in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._tries: dict[int, tuple[int, int]] = {}

    def has_earlier(self, batch: BatchRow) -> bool:
        with self._transaction() as ledger:
            place = (batch.file_id, batch.id)
            return any(
                row.lane == batch.lane and row.state in WORKABLE and (row.file_id, row.id) < place
                for row in ledger.batches.values()
            )

    def begin_try(self, batch_id: int, *, turn: int) -> None:
        with self._transaction():
            begun, times = self._tries.get(batch_id, (turn, 0))
            self._tries[batch_id] = (turn, times + 1 if begun == turn else 1)

    def tries(self, batch_ids: Sequence[int]) -> Mapping[int, int]:
        with self._transaction() as ledger:
            found = {batch_id: self._tries[batch_id] for batch_id in batch_ids if batch_id in self._tries}
            return {number: times for number, (turn, times) in found.items() if turn == ledger.batches[number].turn}

    def end_tries(self, batch_ids: Sequence[int]) -> None:
        with self._transaction():
            for batch_id in batch_ids:
                self._tries.pop(batch_id, None)

    def persons_replicas(self, person: str) -> list[ReplicaChange]:
        with self._transaction() as ledger:
            return sorted(row for row in ledger.replicas.values() if row.person == person and not row.deleted)

    def newest_replicas(self, keys: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], int]:
        with self._transaction() as ledger:
            return {key: ledger.replicas[key].sequence for key in keys if key in ledger.replicas}
