"""The memory store's inquiries of other bodies that wait for a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kakehashi.domain.provision import Inquiry, Provision, ProvisionState
from kakehashi.ports.provisions import ProvisionEntry, ProvisionRow
from kakehashi.testing.memory_symbols import MemorySymbolBook

__all__ = ["MemoryProvisionBook"]

FIRST_PROVISION = 4_000_001


class MemoryProvisionBook(MemorySymbolBook):
    """See `kakehashi.ports.provisions.ProvisionBook`."""

    def __init__(self) -> None:
        super().__init__()
        self._provisions: dict[int, ProvisionRow] = {}
        self._entries: dict[int, list[ProvisionEntry]] = {}

    def add_provisions(self, inquiries: Sequence[Inquiry], *, now: datetime) -> int:
        with self._transaction():
            known = {row.what.inquiry.provision_id for row in self._provisions.values()}
            new = {each.provision_id: each for each in inquiries if each.provision_id not in known}
            for inquiry in new.values():
                number = FIRST_PROVISION + len(self._provisions)
                made = Provision(inquiry=inquiry, since=now)
                self._provisions[number] = ProvisionRow(id=number, turn=0, created_at=now, what=made)
                self._entries[number] = [ProvisionEntry(at=now, what="listed", state=made.state)]
            return len(new)

    def provision(self, provision_id: int) -> ProvisionRow | None:
        with self._transaction():
            return self._provisions.get(provision_id)

    def known_provisions(self, provision_ids: Sequence[str]) -> Mapping[str, ProvisionRow]:
        with self._transaction():
            rows = self._provisions.values()
            return {
                row.what.inquiry.provision_id: row for row in rows if row.what.inquiry.provision_id in provision_ids
            }

    def provisions(
        self, *, states: Sequence[ProvisionState] = (), person: str | None = None, most: int = 1000
    ) -> list[ProvisionRow]:
        with self._transaction():
            rows = [
                row
                for row in self._provisions.values()
                if (not states or row.what.state in states) and person in (None, row.what.inquiry.person)
            ]
            return sorted(rows, key=lambda row: (row.what.inquiry.deadline, row.id))[:most]

    def due_provisions(self, *, most: int, now: datetime) -> list[ProvisionRow]:
        with self._transaction():
            due = [(row.what.due, row.id) for row in self._provisions.values() if row.what.due is not None]
            return [self._provisions[number] for at, number in sorted(due) if at <= now][:most]

    def move_provision(self, provision_id: int, *, turn: int, what: Provision, entry: ProvisionEntry) -> bool:
        with self._transaction():
            row = self._provisions.get(provision_id)
            if row is None or row.turn != turn:
                return False
            self._provisions[row.id] = replace(row, turn=turn + 1, what=what)
            self._entries[row.id].append(entry)
            return True

    def provision_entries(self, provision_id: int) -> list[ProvisionEntry]:
        with self._transaction():
            return list(self._entries.get(provision_id, ()))
