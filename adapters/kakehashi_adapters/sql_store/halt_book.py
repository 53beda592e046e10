"""The part of the Store that knows what is stopped."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from kakehashi.domain.halt import HaltAction, Halted, HaltOf
from kakehashi.ports.halts import HaltRow, NewHalt, Sent
from kakehashi.ports.ledger import ReplicaChange
from kakehashi_adapters.sql_store import halts
from kakehashi_adapters.sql_store.symbol_book import SqlSymbolBook

__all__ = ["SqlHaltBook"]


class SqlHaltBook(SqlSymbolBook):
    """See `kakehashi.ports.halts.HaltBook`."""

    def place_halt(self, halt: NewHalt) -> tuple[HaltRow, bool]:
        return self._write(lambda c: halts.place_halt(c, halt))

    def lift_halt(
        self, action: HaltAction, of: HaltOf, key: str, *, reason: str, actor: str, now: datetime
    ) -> HaltRow | None:
        return self._write(lambda c: halts.lift_halt(c, action, of, key, reason=reason, actor=actor, now=now))

    def halts(self, *, standing: bool = True, of: HaltOf | None = None, key: str | None = None) -> list[HaltRow]:
        return self._read(partial(halts.list_halts, standing=standing, of=of, key=key))

    def waiting_halts(self) -> list[HaltRow]:
        return self._read(halts.waiting_halts)

    def halted(self) -> Halted:
        return self._read(halts.halted)

    def told_halt(self, halt_id: int, *, lifted: bool, now: datetime) -> bool:
        return self._write(lambda c: halts.told_halt(c, halt_id, lifted=lifted, now=now))

    def postpone_halt(self, halt_id: int, *, code: str, due: datetime) -> None:
        self._write(lambda c: halts.postpone_halt(c, halt_id, code=code, due=due))

    def persons_in_flight(self, person: str) -> list[ReplicaChange]:
        return self._read(lambda c: halts.persons_in_flight(c, person))

    def sent_about(self, *, person: str | None = None, info_name: str | None = None) -> list[Sent]:
        return self._read(partial(halts.sent_about, person=person, info_name=info_name))

    def replicas_ever(self, person: str) -> list[ReplicaChange]:
        return self._read(lambda c: halts.replicas_ever(c, person))
