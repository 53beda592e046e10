"""The memory store's acquisitions of symbols, and the records that wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kakehashi.domain.batch import RecordState
from kakehashi.domain.symbol import Acquisition, AcquisitionState, Command, Origin, Step, Task
from kakehashi.ports.symbols import ACTOR, LATELY, REASON, AcquisitionRow, SymbolCount, parks, rank_of, release_request
from kakehashi.testing.memory_ledger import Ledger
from kakehashi.testing.memory_orders import MemoryOrderBook
from kakehashi.testing.memory_redrive import redrive

__all__ = ["MemorySymbolBook"]

FIRST_ACQUISITION = 3_000_001


class MemorySymbolBook(MemoryOrderBook):
    """See `kakehashi.ports.symbols.SymbolBook`."""

    def __init__(self) -> None:
        super().__init__()
        self._acquisitions: dict[int, AcquisitionRow] = {}

    def need(
        self, persons: Sequence[str], *, origin: Origin, now: datetime, again: bool = False, per_second: int = 0
    ) -> int:
        step = timedelta(seconds=1) / per_second if per_second else timedelta(0)
        with self._transaction() as ledger:
            rows = self._acquisitions.values()
            known = {row.what.person for row in rows if row.what.is_live or not again}
            wanted = [person for person in dict.fromkeys(persons) if person not in known]
            for row in [row for row in rows if again and row.what.person in persons]:
                if row.what.is_live and row.what.task is not Task.ACQUIRE and not row.what.anew:
                    marked = replace(row.what, anew=True)
                    self._acquisitions[row.id] = replace(row, turn=row.turn + 1, what=marked)
            for place, person in enumerate(wanted):
                made = Acquisition.needed(
                    person, origin=origin, now=now, linked_lately=self._linked_lately(person, now)
                )
                due = None if made.due is None else made.due + place * step
                self._add(replace(made, due=due), now)
            self._adopt(ledger, wanted)
            return len(wanted)

    def order(self, what: Acquisition, *, now: datetime) -> bool:
        with self._transaction():
            if any(row.what.is_live and row.what.person == what.person for row in self._acquisitions.values()):
                return False
            self._add(what, now)
            return True

    def cover_waits(self, *, most: int, now: datetime) -> int:
        with self._transaction() as ledger:
            for exception_id in [each for each, wait in ledger.waits.items() if wait[1] is None]:
                if not ledger.is_open(exception_id):
                    del ledger.waits[exception_id]
            uncovered = [person for _, (person, of) in sorted(ledger.waits.items()) if of is None][:most]
            self.need(uncovered, origin=Origin.REFUSED, again=True, now=now)
            self._adopt(ledger, uncovered)
            return len(uncovered)

    def due_acquisitions(self, *, most: int, now: datetime) -> list[AcquisitionRow]:
        with self._transaction() as ledger:
            due = [(row.what.due, row) for row in self._acquisitions.values() if row.what.due is not None]
            rows = sorted((rank_of(row.what.origin), at, row.id) for at, row in due if at <= now)
            return [self._row(ledger, number) for _, _, number in rows[:most]]

    def move(self, acquisition_id: int, *, turn: int, step: Step, now: datetime) -> bool:
        with self._transaction() as ledger:
            row = self._acquisitions.get(acquisition_id)
            if row is None or row.turn != turn:
                return False
            self._acquisitions[row.id] = replace(row, turn=turn + 1, what=step.state)
            if step.successor is not None:
                self.order(step.successor, now=now)
                if step.successor.task is Task.ACQUIRE:
                    self._adopt(ledger, [step.successor.person])
            elif step.command is Command.RELEASE:
                self._release(ledger, row, now)
            if parks(step):
                _hold(ledger, row.what.person, now)
            return True

    def acquisition(self, acquisition_id: int) -> AcquisitionRow | None:
        with self._transaction() as ledger:
            return self._row(ledger, acquisition_id) if acquisition_id in self._acquisitions else None

    def acquisitions(
        self,
        *,
        states: Sequence[AcquisitionState] = (),
        by_hand: bool | None = None,
        person: str | None = None,
        most: int = 1000,
    ) -> list[AcquisitionRow]:
        with self._transaction() as ledger:
            rows = (row for row in self._acquisitions.values() if not states or row.what.state in states)
            fits = (row for row in rows if by_hand in (None, row.what.by_hand) and person in (None, row.what.person))
            return [self._row(ledger, row.id) for row in fits][:most]

    def symbol_counts(self, *, states: Sequence[AcquisitionState] = ()) -> list[SymbolCount]:
        with self._transaction():
            groups: dict[tuple[AcquisitionState, bool, str | None], list[AcquisitionRow]] = {}
            for row in self._acquisitions.values():
                if states and row.what.state not in states:
                    continue
                groups.setdefault((row.what.state, row.what.by_hand, row.what.code), []).append(row)
            found = [
                SymbolCount(
                    state=state,
                    by_hand=by_hand,
                    code=code,
                    count=len(rows),
                    oldest=min(row.what.since for row in rows),
                    example=rows[0].id,
                )
                for (state, by_hand, code), rows in groups.items()
            ]
            order = list(AcquisitionState)
            return sorted(found, key=lambda each: (order.index(each.state), each.by_hand, each.code or ""))

    def waiting_for_symbol(self, persons: Sequence[str]) -> Mapping[str, Sequence[int]]:
        with self._transaction() as ledger:
            return _waiting(ledger, persons)

    def _add(self, what: Acquisition, now: datetime) -> None:
        number = FIRST_ACQUISITION + len(self._acquisitions)
        self._acquisitions[number] = AcquisitionRow(id=number, turn=0, created_at=now, waiting=0, what=what)

    def _row(self, ledger: Ledger, number: int) -> AcquisitionRow:
        waiting = sum(of == number for _, of in ledger.waits.values())
        return replace(self._acquisitions[number], waiting=waiting)

    def _linked_lately(self, person: str, now: datetime) -> int:
        linked = [
            row.what
            for row in self._acquisitions.values()
            if (row.what.person, row.what.state) == (person, AcquisitionState.LINKED)
            and row.what.origin is Origin.REFUSED
        ]
        return sum(what.since > now - LATELY for what in linked)

    def _adopt(self, ledger: Ledger, persons: Iterable[str]) -> None:
        live = {row.what.person: number for number, row in self._acquisitions.items() if row.what.is_live}
        for exception_id, (person, of) in ledger.waits.items():
            free = of is None or not self._acquisitions[of].what.is_live
            if person in set(persons) and person in live and free:
                ledger.waits[exception_id] = person, live[person]

    def _release(self, ledger: Ledger, row: AcquisitionRow, now: datetime) -> None:
        person = row.what.person
        waiting = _waiting(ledger, [person]).get(person, [])
        requests = {each: release_request(row.id, each) for each in waiting}
        redrive(ledger, requests, reason=REASON, actor=ACTOR, now=now)
        ledger.waits = {each: wait for each, wait in ledger.waits.items() if wait[0] != person}


def _waiting(ledger: Ledger, persons: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for exception_id, (person, _) in sorted(ledger.waits.items()):
        if person in persons and ledger.is_open(exception_id):
            found.setdefault(person, []).append(exception_id)
    return found


def _hold(ledger: Ledger, person: str, now: datetime) -> None:
    for exception_id in [each for each, wait in ledger.waits.items() if wait[0] == person]:
        exception = ledger.exceptions[exception_id]
        if exception.state is RecordState.WAITING:
            ledger.exceptions[exception_id] = replace(exception, state=RecordState.PARKED, changed_at=now)
