"""What is stopped, in the memory store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime

from kakehashi.domain.halt import HaltAction, Halted, HaltMeans, HaltOf
from kakehashi.ports.halts import HaltRow, NewHalt, Sent
from kakehashi.ports.ledger import ReplicaChange
from kakehashi.testing.memory_succession import MemorySuccession

__all__ = ["MemoryHalts"]


class MemoryHalts(MemorySuccession):
    """See `kakehashi.ports.halts.HaltBook`; also what a reconciliation reads of replicas."""

    def __init__(self) -> None:
        super().__init__()
        self._halts: dict[int, HaltRow] = {}
        self._halts_version = 0
        self._inquired: dict[tuple[str, int, int], str] = {}

    def _standing(self, action: HaltAction, of: HaltOf, key: str) -> HaltRow | None:
        standing = (row for row in self._halts.values() if row.lifted_at is None)
        return next((row for row in standing if (row.action, row.of, row.key) == (action, of, key)), None)

    def _inquire(self, batch_id: int, inquiries: Mapping[int, tuple[str, str]]) -> None:
        for number, (person, info_name) in inquiries.items():
            self._inquired[person, batch_id, number] = info_name

    def place_halt(self, halt: NewHalt) -> tuple[HaltRow, bool]:
        with self._transaction() as ledger:
            known = self._standing(halt.action, halt.of, halt.key)
            if known is not None:
                return known, False
            sequence = ledger.sequences.next(1, at=halt.placed_at, extract=False)
            row = HaltRow(**asdict(halt), id=len(self._halts) + 1, sequence=sequence)
            self._halts[row.id] = row
            self._halts_version += 1
            return row, True

    def lift_halt(
        self, action: HaltAction, of: HaltOf, key: str, *, reason: str, actor: str, now: datetime
    ) -> HaltRow | None:
        with self._transaction() as ledger:
            known = self._standing(action, of, key)
            if known is None:
                return None
            others = (self._standing(each, of, key) for each in HaltAction if each is not action)
            silent = known.means is not HaltMeans.LOCK or any(
                other is not None and other.means is HaltMeans.LOCK for other in others
            )
            row = replace(
                known,
                lifted_at=now,
                lifted_by=actor,
                lift_reason=reason,
                lift_sequence=ledger.sequences.next(1, at=now, extract=False),
                lift_done_at=now if silent else None,
                code=None,
                due=None,
            )
            self._halts[row.id] = row
            self._halts_version += 1
            return row

    def halts(self, *, standing: bool = True, of: HaltOf | None = None, key: str | None = None) -> list[HaltRow]:
        with self._transaction():
            rows = (row for row in self._halts.values() if row.lifted_at is None or not standing)
            return [row for row in rows if of in (None, row.of) and key in (None, row.key)]

    def waiting_halts(self) -> list[HaltRow]:
        with self._transaction():
            return [row for row in self._halts.values() if row.waits_since is not None]

    def halted(self) -> Halted:
        with self._transaction():
            standing = [row for row in self._halts.values() if row.lifted_at is None]
            return Halted(
                self._halts_version,
                frozenset(row.key for row in standing if row.action is HaltAction.SUSPEND),
                {row.key: row.placed_at for row in standing if row.of is HaltOf.INFORMATION},
            )

    def told_halt(self, halt_id: int, *, lifted: bool, now: datetime) -> bool:
        with self._transaction():
            row = self._halts[halt_id]
            if (row.lifted_at is not None) is not lifted or row.waits_since is None:
                return False
            told = replace(row, lift_done_at=now) if lifted else replace(row, done_at=now)
            self._halts[halt_id] = replace(told, code=None, due=None)
            return True

    def postpone_halt(self, halt_id: int, *, code: str, due: datetime) -> None:
        with self._transaction():
            self._halts[halt_id] = replace(self._halts[halt_id], code=code, due=due)

    def persons_in_flight(self, person: str) -> list[ReplicaChange]:
        with self._transaction() as ledger:
            changes = [change for batch in ledger.pending_replicas.values() for change in batch.values()]
            return sorted(change for change in changes if change.person == person)

    def sent_about(self, *, person: str | None = None, info_name: str | None = None) -> list[Sent]:
        with self._transaction():
            every = (
                Sent(person=who, batch_id=batch, record_no=number, info_name=name)
                for (who, batch, number), name in self._inquired.items()
            )
            found = (each for each in every if person in (None, each.person) and info_name in (None, each.info_name))
            return sorted(found, key=lambda each: (each.batch_id, each.record_no))

    def replicas_ever(self, person: str) -> list[ReplicaChange]:
        with self._transaction() as ledger:
            return sorted(row for row in ledger.replicas.values() if row.person == person)

    def replicas(self, info_name: str) -> Iterator[ReplicaChange]:
        with self._transaction() as ledger:
            states = sorted(ledger.replicas.values())
        return (state for state in states if state.info_name == info_name and not state.deleted)

    def replicas_in_flight(self, info_name: str) -> set[tuple[str, str]]:
        with self._transaction() as ledger:
            changes = [change for batch in ledger.pending_replicas.values() for change in batch.values()]
        return {(change.person, change.unit) for change in changes if change.info_name == info_name}
