"""Links in memory: the LinkStore contract without a disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.errors import StoreUnavailable
from kakehashi.ports.link_rules import Effect, claim_of, day_of, number_day_of
from kakehashi.ports.links import ConflictRow, Coverage, LinkRow, SealedNumber
from kakehashi.ports.sealer import Sealed
from kakehashi.testing.memory_held import HeldNumber, MemoryHeldNumbers
from kakehashi.testing.memory_link_state import (
    DAWN,
    Link,
    Number,
    Opened,
    State,
    contested,
    end_link,
    end_number,
    known_of,
    undecided_of,
)
from kakehashi.testing.memory_lives import MemoryLives
from kakehashi.testing.memory_matches import MemoryMatches
from kakehashi.testing.memory_merges import MemoryMerges
from kakehashi.testing.memory_notices import MemoryNotices
from kakehashi.testing.memory_number_returns import MemoryNumberReturns

__all__ = ["MemoryLinkStore"]


class MemoryLinkStore(MemoryMatches, MemoryNumberReturns, MemoryHeldNumbers, MemoryLives, MemoryNotices, MemoryMerges):
    """The reference of the LinkStore's meaning."""

    def __init__(self) -> None:
        MemoryMatches.__init__(self)
        MemoryHeldNumbers.__init__(self)
        MemoryLives.__init__(self)
        MemoryNumberReturns.__init__(self)
        MemoryMerges.__init__(self)
        MemoryNotices.__init__(self)
        self._state = State()
        self._lock = threading.RLock()
        self._closed = False

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        with self._open() as state:
            found = ((number, state.links.get((system, number))) for number in atena)
            return {number: link.unified for number, link in found if link is not None and not link.frozen}

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        with self._open() as state:
            return {each for each in atena if (system, each) in state.links and state.links[system, each].frozen}

    def contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        with self._open() as state:
            known = known_of(state)
            return sum(known.judge(row, now=now).conflict is not None for row in rows)

    def assign(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        with self._open() as state:
            return [self._assigned(state, each, prefix, now) for each in blinds]

    def group(self, groups: Sequence[Sequence[LinkRow]], *, prefix: str, now: datetime) -> list[str]:
        with self._open() as state:
            return [self._grouped(state, rows, prefix, now) for rows in groups]

    def _grouped(self, state: State, rows: Sequence[LinkRow], prefix: str, now: datetime) -> str:
        named = {row.unified for row in rows} - {""}
        standing = {link.unified for row in rows if (link := state.links.get((row.system, row.atena)))}
        if len(named) > 1 or standing - named:
            return ""
        unified = named.pop() if named else self._fresh(state, prefix)
        return "" if self._link(state, [replace(row, unified=unified) for row in rows], now) else unified

    def _fresh(self, state: State, prefix: str) -> str:
        taken = state.numbers_in_use() | self.reserved_numbers()
        return next(made for made in state.serial(prefix) if made not in taken)

    def _assigned(self, state: State, blinds: Sequence[bytes], prefix: str, now: datetime) -> str:
        owners = known_of(state).owners
        for blind in blinds:
            if blind in owners:
                return owners[blind]
        state.check_digest(blinds[0])
        number = self._fresh(state, prefix)
        state.numbers[number] = Number(blinds[0], None, DAWN, now)
        return number

    def owners(self, blinds: Sequence[bytes]) -> Mapping[bytes, str]:
        with self._open() as state:
            known = known_of(state).owners
            return {blind: known[blind] for blind in blinds if blind in known}

    def _unfrozen(self, system: str, atena: str) -> str | None:
        link = self._state.links.get((system, atena))
        return None if link is None or link.frozen or self._is_held(link.unified) else link.unified

    def _stands(self, system: str, atena: str) -> tuple[str, bool] | None:
        link = self._state.links.get((system, atena))
        return None if link is None else (link.unified, link.frozen)

    def _has_ended(self, system: str, atena: str, unified: str) -> bool:
        periods = self._state.periods.get((system, atena), ())
        return any(each.unified == unified and each.cause in ("ended", "released") for each in periods)

    def _numbers_of(self, unified: str) -> list[tuple[str, str, date | None]]:
        standing = [(*key, None) for key, link in self._state.links.items() if link.unified == unified]
        ended = [
            (*key, each.until)
            for key, periods in self._state.periods.items()
            for each in periods
            if each.unified == unified and each.until is not None and each.until > DAWN
        ]
        return [*standing, *ended]

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        with self._open() as state:
            return self._link(state, rows, now)

    def _link(self, state: State, rows: Iterable[LinkRow], now: datetime) -> dict[int, Conflict]:
        known, conflicts = known_of(state), {}
        for position, row in enumerate(rows):
            state.check_digest(row.blind)
            verdict = known.judge(row, now=now)
            if verdict.conflict is not None:
                conflicts[position] = verdict.conflict
                self._record(state, verdict.conflict, verdict.known, row, now)
                continue
            if verdict.links:
                frozen = bool(contested(state, {row.unified}))
                state.links[row.system, row.atena] = Link.of(row, now, frozen=frozen)
            state.released.discard(row.unified)
            self._tell(row, now)
            if verdict.effect is Effect.REDIGEST and row.blind is not None:
                state.numbers[row.unified].blind = row.blind
            elif verdict.effect is not Effect.NONE and row.blind is not None:
                day = number_day_of(row, now)
                if verdict.effect is Effect.CHANGE:
                    end_number(state, row.unified, day, cause="changed", note=None, now=now)
                state.numbers[row.unified] = Number(row.blind, row.number, day, now)
        return conflicts

    def _record(
        self, state: State, kind: Conflict, known: str, row: LinkRow, now: datetime, *, held: bool = False
    ) -> None:
        claim = claim_of(kind, known, row)
        if claim in state.claims:
            return
        state.claims.add(claim)
        number, decision = len(state.conflicts) + 1, "held" if held else None
        since = row.since and max(row.since, row.earliest or row.since)
        row = replace(row, since=since, earliest=None)
        state.conflicts.append(
            ConflictRow(id=number, kind=kind, known=known, row=row, recorded_at=now, decision=decision)
        )
        if held:
            return
        for key, link in state.links.items():
            if key == (row.system, row.atena) if kind is Conflict.DRIFT else link.unified in (known, row.unified):
                link.frozen = True

    def end(self, system: str, atena: str, *, since: date, note: Note, now: datetime) -> bool:
        with self._open() as state:
            return end_link(state, (system, atena), since, cause="ended", note=note, now=now)

    def release(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        with self._open() as state:
            theirs = [key for key, link in state.links.items() if link.unified == unified]
            if not theirs and unified not in state.numbers:
                return False
            for key in theirs:
                end_link(state, key, since, cause="released", note=note, now=now)
            state.released.add(unified)
            return True

    def met_unlinked(self, system: str, atena: Iterable[str], *, now: datetime) -> None:
        with self._open() as state:
            for each in atena:
                state.unlinked.setdefault((system, each), now)

    def met_linked(self, names: Iterable[tuple[str, str]]) -> None:
        with self._open() as state:
            for name in names:
                state.unlinked.pop(name, None)

    def freeze(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        with self._open() as state:
            link = state.links.get((system, atena))
            if link is None:
                return False
            row = LinkRow(system=system, atena=atena, unified=link.unified, blind=evidence)
            self._record(state, Conflict.DRIFT, link.unified, row, now)
            return True

    def links(self, system: str) -> Iterator[LinkRow]:
        with self._open() as state:
            keys = sorted(key for key in state.links if key[0] == system)
            rows = [_row(state, key) for key in keys]
        yield from rows

    def persons_links(self, unified: str) -> list[LinkRow]:
        with self._open() as state:
            return [_row(state, key) for key, link in sorted(state.links.items()) if link.unified == unified]

    def periods(self, system: str, atena: str) -> list[Period]:
        with self._open() as state:
            ended = list(state.periods.get((system, atena), ()))
            link = state.links.get((system, atena))
            if link is not None:
                ended.append(Period(unified=link.unified, since=link.since, recorded_at=link.recorded_at))
            return ended

    def number_periods(self, unified: str) -> list[Period]:
        with self._open() as state:
            numbers = [*state.former.get(unified, ()), *([state.numbers[unified]] if unified in state.numbers else ())]
            return [
                Period(
                    unified=unified, since=n.since, recorded_at=n.recorded_at, until=n.until, ended_at=n.ended_at,
                    cause=n.cause, note=n.note,
                )
                for n in numbers
            ]  # fmt: skip

    def coverage(self) -> list[Coverage]:
        with self._open() as state:
            missing = {key: at for key, at in state.unlinked.items() if key not in state.links}
            return [
                Coverage(
                    system=system,
                    linked=sum(key[0] == system for key in state.links),
                    frozen=sum(key[0] == system and link.frozen for key, link in state.links.items()),
                    unlinked=sum(key[0] == system for key in missing),
                    oldest_unlinked=min((at for key, at in missing.items() if key[0] == system), default=None),
                )
                for system in sorted({key[0] for key in (*state.links, *missing)})
            ]

    def unlinked(self, system: str) -> Iterator[str]:
        with self._open() as state:
            found = sorted(key[1] for key in state.unlinked if key[0] == system and key not in state.links)
        yield from found

    def looked(self, system: str, atena: str, *, note: Note, now: datetime) -> None:
        with self._open() as state:
            state.looks.setdefault((system, atena), []).append((now, note))

    def looks(self, system: str, atena: str) -> list[tuple[datetime, Note]]:
        with self._open() as state:
            return list(state.looks.get((system, atena), ()))

    def conflicts(self, *, undecided: bool = True, most: int = 1000) -> list[ConflictRow]:
        with self._open() as state:
            rows = undecided_of(state) if undecided else [row for row in state.conflicts if row.decision != "held"]
            return rows[:most]

    def decide(self, conflict_id: int, *, take: bool, note: Note, now: datetime) -> bool:
        with self._open() as state:
            found = [row for row in state.conflicts if row.id == conflict_id and row.decision is None]
            if not found:
                return False
            (conflict,) = found
            decided = replace(conflict, decision="take" if take else "keep", decided_at=now, note=note)
            state.conflicts[conflict_id - 1] = decided
            if take:
                self._take(state, conflict, note, now)
            sides = {conflict.known, conflict.row.unified}
            free = sides - contested(state, sides)
            drifting = {(c.row.system, c.row.atena) for c in undecided_of(state) if c.kind is Conflict.DRIFT}
            for key, link in state.links.items():
                if link.unified in free and key not in drifting:
                    link.frozen = False
            return True

    def _take(self, state: State, conflict: ConflictRow, note: Note, now: datetime) -> None:
        row, day = conflict.row, day_of(conflict.row, now)
        match conflict.kind:
            case Conflict.DRIFT:
                end_link(state, (row.system, row.atena), day, cause="drift", note=note, now=now)
                return
            case Conflict.LINK:
                end_link(state, (row.system, row.atena), day, cause="conflict", note=note, now=now)
            case Conflict.NUMBER if conflict.known == row.unified:
                held = state.numbers.get(row.unified)
                row = replace(row, changed=True, since=max(day, held.since) if held else day)
            case Conflict.NUMBER:
                held = state.numbers.get(conflict.known)
                if held is not None and held.blind == row.blind:
                    end_number(state, conflict.known, day, cause="conflict", note=note, now=now)
                for number in state.former.get(conflict.known, ()):
                    if number.blind == row.blind:
                        number.until = DAWN  # it never was theirs
            case Conflict.RELEASED:
                state.released.discard(row.unified)
        self._link(state, [replace(row, news=True)], now)

    def sealed_number(self, unified: str) -> Sealed | None:
        with self._open() as state:
            return state.numbers[unified].sealed if unified in state.numbers else None

    def reseal(
        self, renew: Callable[[SealedNumber], tuple[Sealed, bytes]], *, current: str, prefix: bytes, most: int
    ) -> int:
        done = 0
        with self._open() as state:
            state.digest = prefix
            held: list[tuple[str, Number | HeldNumber]] = [*state.numbers.items()]
            held += [(unified, number) for unified, numbers in state.former.items() for number in numbers]
            held += self.waiting_numbers()
            for unified, number in held:
                if done == most or number.sealed is None:
                    continue
                if number.sealed.key_id == current and number.blind.startswith(prefix):
                    continue
                what = SealedNumber(place="numbers", id="", unified=unified, sealed=number.sealed, blind=number.blind)
                number.sealed, number.blind = renew(what)
                done += 1
            for index, conflict in enumerate(state.conflicts):
                row = conflict.row
                if done == most or row.number is None or row.blind is None:
                    continue
                if row.number.key_id == current and row.blind.startswith(prefix):
                    continue
                what = SealedNumber(
                    place="conflicts", id=str(conflict.id), unified=row.unified, sealed=row.number, blind=row.blind
                )
                sealed, blind = renew(what)
                state.conflicts[index] = replace(conflict, row=replace(row, number=sealed, blind=blind))
                done += 1
        return done

    def _open(self) -> Opened:
        if self._closed:
            raise StoreUnavailable
        return Opened(self._lock, self._state)

    def close(self) -> None:
        self._closed = True


def _row(state: State, key: tuple[str, str]) -> LinkRow:
    link = state.links[key]
    number = state.numbers.get(link.unified)
    return LinkRow(
        system=key[0],
        atena=key[1],
        unified=link.unified,
        blind=number.blind if number else None,
        number=number.sealed if number else None,
        since=link.since,
    )
