"""Numbers that wait for their day, in memory: the HeldNumbers contract without a disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kakehashi.domain.link import Conflict, LifeEvent, Note, Period
from kakehashi.errors import StoreError
from kakehashi.ports.held_numbers import Enforcement, HeldSummary
from kakehashi.ports.link_rules import Effect, Known, Person, Verdict
from kakehashi.ports.links import LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi.testing.memory_link_state import Link, Number, Opened, State, contested, end_link, end_number, known_of

__all__ = ["HeldNumber", "MemoryHeldNumbers"]


@dataclass(slots=True)
class HeldNumber:
    """「施行待ち番号」 `reserved`: the 団体内統合宛名番号 was not told."""

    blind: bytes
    sealed: Sealed | None
    reserved: bool
    recorded_at: datetime
    ended_at: datetime | None = None


@dataclass(slots=True)
class _HeldLink:
    unified: str
    recorded_at: datetime
    ended_at: datetime | None = None
    cause: str = ""
    note: Note | None = None


@dataclass(slots=True)
class _Waiting:
    numbers: dict[str, HeldNumber] = field(default_factory=dict)
    former: dict[str, list[HeldNumber]] = field(default_factory=dict)
    links: dict[tuple[str, str], _HeldLink] = field(default_factory=dict)
    ended: list[tuple[tuple[str, str], _HeldLink]] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    enforcement: Enforcement | None = None


class MemoryHeldNumbers:
    """The half of the memory link store that holds. `_open` and `_record` come from the class that takes it in."""

    def __init__(self) -> None:
        self._waiting = _Waiting()

    def _open(self) -> Opened:
        raise NotImplementedError

    def _record(  # as the store's own
        self, state: State, kind: Conflict, known: str, row: LinkRow, now: datetime, *, held: bool = False
    ) -> None:
        raise NotImplementedError

    def _tell(self, row: LinkRow, now: datetime) -> None:
        raise NotImplementedError

    def _is_held(self, unified: str) -> bool:
        """Whether a number of the person waits for its day."""
        return unified in self._waiting.numbers

    def _hides(self, event: LifeEvent) -> bool:
        return self._is_reserved(event.unified) or (event.by_number and self._is_held(event.unified))

    def _opened_for_holding(self) -> None:
        if self._waiting.enforcement is not None:
            raise StoreError("IDN-013")

    def _owners(self, state: State) -> dict[bytes, str]:
        held = self._waiting
        found = {each.blind: unified for unified, rows in held.former.items() for each in rows}
        return found | {each.blind: unified for unified, each in held.numbers.items()} | known_of(state).owners

    def held_owners(self, blinds: Sequence[bytes]) -> Mapping[bytes, str]:
        with self._open() as state:
            known = self._owners(state)
            return {blind: known[blind] for blind in blinds if blind in known}

    def reserve(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        with self._open() as state:
            return [self._reserved(state, each, prefix, now) for each in blinds]

    def _reserved(self, state: State, blinds: Sequence[bytes], prefix: str, now: datetime) -> str:
        known = self._owners(state)
        for blind in blinds:
            if blind in known:
                return known[blind]
        self._opened_for_holding()
        state.check_digest(blinds[0])
        taken = self.reserved_numbers() | state.numbers_in_use()
        number = next(made for made in state.serial(prefix) if made not in taken)
        self._waiting.numbers[number] = HeldNumber(blinds[0], None, reserved=True, recorded_at=now)
        return number

    def reserved_numbers(self) -> set[str]:
        return set(self._waiting.numbers)

    def waiting_numbers(self) -> list[tuple[str, HeldNumber]]:
        """Each with its person; also those in whose place another one was told."""
        former = [(unified, each) for unified, rows in self._waiting.former.items() for each in rows]
        return [*self._waiting.numbers.items(), *former]

    def _known(self, state: State, day: date) -> Known:
        known = known_of(state)
        known.links |= {key: link.unified for key, link in self._waiting.links.items()}
        known.persons |= {u: Person(n.blind, day, n.sealed is not None) for u, n in self._waiting.numbers.items()}
        known.owners = self._owners(state)
        return known

    def held_contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        taken = list(rows)
        with self._open() as state:
            known = self._known(state, _day(taken, now))
            return sum(known.judge(row, now=now).conflict is not None for row in taken)

    def hold_rows(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        taken = list(rows)
        with self._open() as state:
            self._opened_for_holding()
            known, conflicts = self._known(state, _day(taken, now)), {}
            for position, row in enumerate(taken):
                state.check_digest(row.blind)
                verdict = known.judge(row, now=now)
                if verdict.conflict is None:
                    self._take_in(state, row, verdict, now)
                    self._tell(row, now)
                    continue
                conflicts[position] = verdict.conflict
                held = (
                    verdict.conflict is Conflict.NUMBER
                    or (row.system, row.atena) in self._waiting.links
                    or any(self._waits(replace(row, unified=side)) for side in (verdict.known, row.unified))
                )
                told = row if held else replace(row, blind=None, number=None, older=())
                self._record(state, verdict.conflict, verdict.known, told, now, held=held)
            return conflicts

    def _is_reserved(self, unified: str) -> bool:
        return unified in self._waiting.numbers and self._waiting.numbers[unified].reserved

    def _waits(self, row: LinkRow) -> bool:
        """Whether a held number alone says that the link is this person's."""
        return self._is_reserved(row.unified) or (row.by_number and self._is_held(row.unified))

    def _take_in(self, state: State, row: LinkRow, verdict: Verdict, now: datetime) -> None:
        held, key = self._waiting, (row.system, row.atena)
        if verdict.links and self._waits(row):
            held.links[key] = _HeldLink(row.unified, now)
        elif verdict.links:
            state.links[key] = Link.of(row, now, frozen=bool(contested(state, {row.unified})))
        state.released.discard(row.unified)
        old = held.numbers.get(row.unified)
        if row.blind is None or verdict.effect is Effect.NONE:
            return
        if verdict.effect is Effect.REDIGEST and (old or state.numbers.get(row.unified)):
            (old or state.numbers[row.unified]).blind = row.blind
        elif verdict.effect is Effect.SEAL and old is not None:
            old.sealed = row.number
        elif verdict.effect in (Effect.FIRST, Effect.CHANGE):
            if old is not None:
                old.ended_at = now
                held.former.setdefault(row.unified, []).append(old)
            reserved = self._is_reserved(row.unified)
            held.numbers[row.unified] = HeldNumber(row.blind, row.number, reserved=reserved, recorded_at=now)

    def hold_drift(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        with self._open() as state:
            self._opened_for_holding()
            link = self._waiting.links.get((system, atena))
            if link is not None:
                row = LinkRow(system=system, atena=atena, unified=link.unified, blind=evidence)
                self._record(state, Conflict.DRIFT, link.unified, row, now, held=True)
            return link is not None

    def held_links(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        with self._open():
            found = ((number, self._waiting.links.get((system, number))) for number in atena)
            return {number: link.unified for number, link in found if link is not None}

    def held_periods(self, system: str, atena: str) -> list[Period]:
        with self._open():
            links = [link for key, link in self._waiting.ended if key == (system, atena)]
            links += [link for key, link in self._waiting.links.items() if key == (system, atena)]
            return [
                Period(
                    unified=link.unified,
                    since=link.recorded_at.date(),
                    recorded_at=link.recorded_at,
                    until=link.ended_at.date() if link.ended_at else None,
                    ended_at=link.ended_at,
                    cause=link.cause,
                    note=link.note,
                )
                for link in links
            ]

    def held_blind(self, unified: str) -> bytes | None:
        with self._open():
            number = self._waiting.numbers.get(unified)
            return number.blind if number else None

    def held_persons_links(self, unified: str) -> list[LinkRow]:
        with self._open():
            keys = sorted(key for key, link in self._waiting.links.items() if link.unified == unified)
            return [LinkRow(system=system, atena=atena, unified=unified) for system, atena in keys]

    def end_held(self, system: str, atena: str, *, note: Note, now: datetime) -> bool:
        with self._open():
            self._opened_for_holding()
            self._end((system, atena), "ended", note, now)
            return any(key == (system, atena) for key, _ in self._waiting.ended)

    def _end(self, key: tuple[str, str], cause: str, note: Note, now: datetime) -> None:
        link = self._waiting.links.pop(key, None)
        if link is not None:
            link.ended_at, link.cause, link.note = now, cause, note
            self._waiting.ended.append((key, link))

    def release_held(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        held = self._waiting
        with self._open() as state:
            self._opened_for_holding()
            waiting = [key for key, link in held.links.items() if link.unified == unified]
            active = [key for key, link in state.links.items() if link.unified == unified]
            if not (waiting or active or unified in held.numbers or unified in state.numbers):
                return False
            for key in waiting:
                self._end(key, "released", note, now)
            for key in active:
                end_link(state, key, since, cause="released", note=note, now=now)
            state.released.add(unified)
            return True

    def held_summary(self) -> HeldSummary:
        with self._open() as state:
            sealed = [each for each in self._waiting.numbers.values() if each.sealed is not None]
            systems = sorted(system for system, _ in self._waiting.links)
            return HeldSummary(
                numbers=len(sealed),
                links={system: systems.count(system) for system in systems},
                conflicts=sum(row.decision == "held" for row in state.conflicts),
                oldest=min((each.recorded_at for each in sealed), default=None),
            )

    def enforcement(self) -> Enforcement | None:
        with self._open():
            return self._waiting.enforcement

    def enforce(self, day: date, *, most: int, now: datetime) -> Enforcement:
        held = self._waiting
        with self._open() as state:
            found = held.enforcement or self._begin(state, day, now)
            if found.ended_at is None:
                persons = sorted(held.numbers)[:most]
                done = [self._activate(state, person, found.day, now) for person in persons]
                active, contradicted = (sum(counts) for counts in zip((0, 0), *done, strict=True))
                found = replace(found, active=found.active + active, contradicted=found.contradicted + contradicted)
                if not persons:
                    _open_conflicts(state, found.day)
                    found = replace(found, ended_at=now)
            held.enforcement = found
            return found

    def _begin(self, state: State, day: date, now: datetime) -> Enforcement:
        for link in state.links.values():
            link.frozen = link.frozen or bool(contested(state, {link.unified}, held=True))
        count = sum(each.sealed is not None for each in self._waiting.numbers.values())
        return Enforcement(day=day, held=count, active=0, contradicted=0, begun_at=now, ended_at=None)

    def _activate(self, state: State, unified: str, day: date, now: datetime) -> tuple[int, int]:
        """One person; how many sealed numbers became active, and how many are somebody else's by now."""
        held = self._waiting
        number = held.numbers.pop(unified)
        owner = next((person for person, each in state.numbers.items() if each.blind == number.blind), None)
        links = [(key, link) for key, link in held.links.items() if link.unified == unified]
        if owner not in (None, unified):
            (system, atena), *_ = [*(key for key, _ in links), ("", "")]
            row = LinkRow(
                system=system, atena=atena, unified=unified, blind=number.blind, number=number.sealed, since=day
            )
            self._record(state, Conflict.NUMBER, owner or "", row, now)
        elif owner is None and unified in state.numbers:
            end_number(state, unified, day, cause="changed", note=None, now=now)
        for each in held.former.pop(unified, ()):
            gone = Number(each.blind, each.sealed, day, each.recorded_at, day, each.ended_at, "changed")
            state.former.setdefault(unified, []).append(gone)
        if owner is None:
            state.numbers[unified] = Number(number.blind, number.sealed, day, number.recorded_at)
        for key, link in links:
            del held.links[key]
            if key in state.links:
                if state.links[key].unified != unified:
                    row = LinkRow(system=key[0], atena=key[1], unified=unified, since=day)
                    self._record(state, Conflict.LINK, state.links[key].unified, row, now)
                continue
            drifts = any(
                c.kind is Conflict.DRIFT and c.decision == "held" and (c.row.system, c.row.atena) == key
                for c in state.conflicts
            )
            frozen = drifts or bool(contested(state, {unified}, held=True))
            state.links[key] = Link(unified, day, link.recorded_at, frozen)
        for key, link in [each for each in held.ended if each[1].unified == unified]:
            state.periods.setdefault(key, []).append(
                Period(
                    unified=unified, since=day, recorded_at=link.recorded_at, until=day, ended_at=link.ended_at,
                    cause=link.cause, note=link.note,
                )
            )  # fmt: skip
        held.ended = [each for each in held.ended if each[1].unified != unified]
        taken = owner in (None, unified)
        if number.sealed is not None and unified not in state.released and taken:
            held.unheard.append(unified)
        return int(taken and number.sealed is not None), int(not taken)

    def unheard(self, *, most: int) -> list[str]:
        with self._open():
            return self._waiting.unheard[:most]

    def heard(self, persons: Sequence[str]) -> None:
        with self._open():
            self._waiting.unheard = [each for each in self._waiting.unheard if each not in set(persons)]


def _day(rows: Sequence[LinkRow], now: datetime) -> date:
    """Held numbers hold from the day of enforcement."""
    return max((row.earliest for row in rows if row.earliest), default=now.date())


def _open_conflicts(state: State, day: date) -> None:
    for index, conflict in enumerate(state.conflicts):
        if conflict.decision == "held":
            since = conflict.row.since and max(conflict.row.since, day)
            state.conflicts[index] = replace(conflict, decision=None, row=replace(conflict.row, since=since))
