"""Works on acquisitions of symbols: what is due is written down, then said, then what was answered is written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from kakehashi.domain.identifiers import ProcessNumber
from kakehashi.domain.japan_time import JST
from kakehashi.domain.link import GONE, residence
from kakehashi.domain.symbol import (
    Acknowledged,
    AcquisitionState,
    Blocked,
    Command,
    Due,
    Event,
    HeldNumber,
    LinkStatus,
    NumberIssued,
    Rules,
    Told,
    advance,
)
from kakehashi.errors import SealError
from kakehashi.failpoint import reached
from kakehashi.pipeline.identify import symbol_request
from kakehashi.pipeline.symbol_changes import Registration, SymbolChanges, registration_id
from kakehashi.pipeline.symbol_messages import Issued, SymbolMessages
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealed, Sealer
from kakehashi.ports.store import Store
from kakehashi.ports.symbols import AcquisitionRow

__all__ = ["Acquiring", "Claimed", "opened_number"]

_AT_ONCE = 100
_S = AcquisitionState
_SAID_ALONE = (_S.REQUESTED, _S.ISSUED, _S.RELEASING, _S.RELINKING)


class Claimed(NamedTuple):
    """An acquisition in hand, and what is to be said for it."""

    row: AcquisitionRow
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquiring:
    """Thread-safe; several processes may share the store. `residents`: the registry's system, whose numbers residents
    have; "": everybody is one. `told`: hears of each acquisition that came into another state.
    """

    store: Store
    links: LinkStore
    sealer: Sealer
    clock: Clock
    messages: SymbolMessages
    rules: Rules
    residents: str = ""
    told: Callable[[AcquisitionRow], None] = lambda _: None

    def run_once(self) -> int:
        """A step of everything that is due; returns how many. Raises StoreError, SealError (keys are missing)."""
        now = self.clock.now()
        covered = self.store.cover_waits(most=_AT_ONCE, now=now)
        due = self.store.due_acquisitions(most=_AT_ONCE, now=now)
        asking = [row for row in due if row.what.state not in (*_SAID_ALONE, _S.REGISTERING)]
        self.carry_out([claimed for row in asking if (claimed := self.claim(row))])
        for group in self._groups(due):
            self._register(group)
        for row in due:
            if row.what.state in _SAID_ALONE and (claimed := self.claim(row)) is not None:
                self.carry_out([claimed])
        return covered + len(due)

    def claim(self, row: AcquisitionRow, *, said: str | None = None) -> Claimed | None:
        """Write down what is going to be said: who crashes after that says it again. None: nothing is, or somebody
        else has gone on.
        """
        step = advance(row.what, Due(said), rules=self.rules, now=self.clock.now())
        if not self.store.move(row.id, turn=row.turn, step=step, now=self.clock.now()):
            return None
        moved = replace(row, turn=row.turn + 1, what=step.state)
        self._tell(row, moved)
        reached("symbols.intended")
        return None if step.command is None else Claimed(moved, step.command)

    def carry_out(self, claimed: Sequence[Claimed]) -> None:
        """Say it. Questions about links travel together, everything else person by person."""
        asking = [row for row, command in claimed if command in (Command.ASK_PERSON, Command.ASK_STATUS)]
        if asking:
            self._ask(asking)
        for row, command in claimed:
            if command is Command.REQUEST_NUMBER:
                self.hear(row, self._request_number(row))
            elif command is Command.FORWARD:
                self.hear(row, self._forward(row))
            elif command is Command.TELL:
                self.hear(row, SymbolChanges(self.messages).tell(row))

    def hear(self, row: AcquisitionRow, event: Event, *, now: datetime | None = None) -> bool:
        """False when somebody else has gone on with it meanwhile: the answer is not needed any more."""
        reached("symbols.answered")
        now = now or self.clock.now()
        step = advance(row.what, event, rules=self.rules, now=now)
        if not self.store.move(row.id, turn=row.turn, step=step, now=now):
            return False
        self._tell(row, replace(row, turn=row.turn + 1, what=step.state))
        reached("symbols.moved")
        return True

    def _groups(self, due: Sequence[AcquisitionRow]) -> list[list[Registration]]:
        """Who is registered together: as they were said together before, so that the request is the same."""
        said: dict[str, list[Registration]] = {}
        for row in due:
            if row.what.state is _S.REGISTERING:
                said.setdefault(row.what.said or "", []).append((row, self._since(row)))
        last = due[-1].what.said if len(due) == _AT_ONCE and due[0].what.said != due[-1].what.said else None
        fresh = said.pop("", [])
        groups = []
        for request_id, group in said.items():
            if registration_id(group) == request_id:
                groups.append(group)
            elif request_id != last:  # the rest of that one is due, too, and comes next time
                fresh += group
        most = min(self.messages.settling.profile.caps.records_per_send, _AT_ONCE)
        return groups + [fresh[place : place + most] for place in range(0, len(fresh), most)]

    def _register(self, group: Sequence[Registration]) -> None:
        request_id = registration_id(group)
        mine: list[Registration] = []
        for row, since in group:
            claimed = self.claim(row, said=request_id)
            if claimed is None:
                return  # somebody else works on them; or what may have arrived is not said again
            mine.append((claimed.row, since))
        answers = SymbolChanges(self.messages).register(mine)
        now = self.clock.now()
        for row, event in answers:
            self.hear(row, event, now=now)

    def _since(self, row: AcquisitionRow) -> date:
        """From which day the person's number stands for somebody, as far as our links know."""
        begun = row.created_at.astimezone(JST).date()
        days = [link.since for link in self.links.persons_links(row.what.person) if link.since is not None]
        return min([begun, *days])

    def _ask(self, rows: Sequence[AcquisitionRow]) -> None:
        asked: list[tuple[AcquisitionRow, ProcessNumber | None]] = []
        for row in rows:
            try:
                asked.append((row, opened_number(self.sealer, row)))
            except SealError as error:
                self.hear(row, Blocked(error.fault.code))
        if asked:
            for row, status in self.messages.ask(asked):
                self.hear(row, Told(status) if isinstance(status, LinkStatus) else status)

    def _request_number(self, row: AcquisitionRow) -> Event:
        answer = self.messages.request_number(row)
        if not isinstance(answer, Issued):
            return answer
        sealed = self.sealer.seal(answer.number.encode(), context=_context(row))
        by_hand = self.messages.registry is None or not self._is_resident(row.what.person)
        return NumberIssued(HeldNumber(sealed.key_id, sealed.body), answer.expires_at, by_hand)

    def _forward(self, row: AcquisitionRow) -> Event:
        sealed = self.links.sealed_number(row.what.person)
        try:
            number = opened_number(self.sealer, row)
            if sealed is None or number is None or self.messages.registry is None:
                return Blocked("SYM-008")
            request = symbol_request(self.sealer, row.what.person, sealed, number)
        except SealError as error:
            return Blocked(error.fault.code)
        return self.messages.forward(row, request) or Acknowledged()

    def _is_resident(self, person: str) -> bool:
        """Whether the registry can say who it is: the person lives here, and we know the 個人番号."""
        if (
            self.links.sealed_number(person) is None
            or residence(self.links.life_events([person]).get(person, ())) in GONE
        ):
            return False
        return not self.residents or any(link.system == self.residents for link in self.links.persons_links(person))

    def _tell(self, before: AcquisitionRow, after: AcquisitionRow) -> None:
        if after.what.state is not before.what.state:
            self.told(after)


def opened_number(sealer: Sealer, row: AcquisitionRow) -> ProcessNumber | None:
    """The process number, if it has one. Raises SealError."""
    held = row.what.number
    if held is None:
        return None
    return ProcessNumber(sealer.open(Sealed(held.key_id, held.body), context=_context(row)).decode())


def _context(row: AcquisitionRow) -> str:
    """What a sealed process number is bound to."""
    return f"process-number/{row.id}"
