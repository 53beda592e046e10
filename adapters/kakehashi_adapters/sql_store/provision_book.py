"""The part of the Store that knows inquiries which wait for our decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from kakehashi.domain.provision import Inquiry, Provision, ProvisionState
from kakehashi.ports.provisions import ProvisionEntry, ProvisionRow
from kakehashi_adapters.sql_store import provisions
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.symbol_book import SqlSymbolBook

__all__ = ["SqlProvisionBook"]


class SqlProvisionBook(SqlSymbolBook):
    """See `kakehashi.ports.provisions.ProvisionBook`."""

    def add_provisions(self, inquiries: Sequence[Inquiry], *, now: datetime) -> int:
        return sum(self._write(partial(provisions.add, inquiries=portion, now=now)) for portion in portions(inquiries))

    def provision(self, provision_id: int) -> ProvisionRow | None:
        return self._read(lambda c: provisions.one(c, provision_id))

    def known_provisions(self, provision_ids: Sequence[str]) -> Mapping[str, ProvisionRow]:
        found: dict[str, ProvisionRow] = {}
        for portion in portions(provision_ids):
            found |= self._read(partial(provisions.known, numbers=portion))
        return found

    def provisions(
        self, *, states: Sequence[ProvisionState] = (), person: str | None = None, most: int = 1000
    ) -> list[ProvisionRow]:
        return self._read(partial(provisions.some, states=states, person=person, most=most))

    def due_provisions(self, *, most: int, now: datetime) -> list[ProvisionRow]:
        return self._read(partial(provisions.due, most=most, now=now))

    def move_provision(self, provision_id: int, *, turn: int, what: Provision, entry: ProvisionEntry) -> bool:
        return self._write(lambda c: provisions.move(c, provision_id, turn=turn, what=what, entry=entry))

    def provision_entries(self, provision_id: int) -> list[ProvisionEntry]:
        return self._read(lambda c: provisions.entries(c, provision_id))
