"""The part of the Store that knows acquisitions of symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from kakehashi.domain.symbol import Acquisition, AcquisitionState, Origin, Step
from kakehashi.ports.symbols import AcquisitionRow, SymbolCount
from kakehashi_adapters.sql_store import symbols
from kakehashi_adapters.sql_store.order_book import SqlOrderBook
from kakehashi_adapters.sql_store.portion import portions

__all__ = ["SqlSymbolBook"]


class SqlSymbolBook(SqlOrderBook):
    """See `kakehashi.ports.symbols.SymbolBook`."""

    def need(
        self, persons: Sequence[str], *, origin: Origin, now: datetime, again: bool = False, per_second: int = 0
    ) -> int:
        step = timedelta(seconds=1) / per_second if per_second else timedelta(0)
        made = 0
        for portion in portions(persons):
            ask = partial(
                symbols.need, persons=portion, origin=origin, again=again, now=now, after=made * step, step=step
            )
            made += self._write(ask)
        return made

    def order(self, what: Acquisition, *, now: datetime) -> bool:
        return self._write(lambda c: symbols.order(c, what, now=now))

    def cover_waits(self, *, most: int, now: datetime) -> int:
        return self._write(lambda c: symbols.cover_waits(c, most=most, now=now))

    def due_acquisitions(self, *, most: int, now: datetime) -> list[AcquisitionRow]:
        return self._read(lambda c: symbols.due_acquisitions(c, most=most, now=now))

    def move(self, acquisition_id: int, *, turn: int, step: Step, now: datetime) -> bool:
        return self._write(lambda c: symbols.move(c, acquisition_id, turn=turn, step=step, now=now))

    def acquisition(self, acquisition_id: int) -> AcquisitionRow | None:
        return self._read(lambda c: symbols.acquisition(c, acquisition_id))

    def acquisitions(
        self,
        *,
        states: Sequence[AcquisitionState] = (),
        by_hand: bool | None = None,
        person: str | None = None,
        most: int = 1000,
    ) -> list[AcquisitionRow]:
        ask = partial(symbols.list_acquisitions, states=states, by_hand=by_hand, person=person, most=most)
        return self._read(ask)

    def symbol_counts(self, *, states: Sequence[AcquisitionState] = ()) -> list[SymbolCount]:
        return self._read(partial(symbols.symbol_counts, states=states))

    def waiting_for_symbol(self, persons: Sequence[str]) -> Mapping[str, Sequence[int]]:
        found: dict[str, Sequence[int]] = {}
        for portion in portions(persons):
            found |= self._read(partial(symbols.waiting_for_symbol, persons=portion))
        return found
