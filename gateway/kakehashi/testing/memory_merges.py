"""Unified numbers made one and two again, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kakehashi.domain.link import Note
from kakehashi.ports.link_rules import day_of
from kakehashi.ports.links import LinkRow
from kakehashi.ports.merges import Merge, Renumber, Unmergeable
from kakehashi.testing.memory_link_state import Link, Number, Opened, State, contested, end_link, end_number

__all__ = ["MemoryMerges"]


class MemoryMerges:
    """See `kakehashi.ports.merges.MergeBook`; what it calls is the memory link store's."""

    def __init__(self) -> None:
        self._merges: list[Merge] = []
        self._moved: dict[int, set[tuple[str, str]]] = {}
        self._numbers_moved: dict[int, bytes] = {}

    def _open(self) -> Opened:
        raise NotImplementedError

    def _tell(self, row: LinkRow, now: datetime) -> None:
        raise NotImplementedError

    def _was_told(self, system: str, atena: str) -> str | None:
        raise NotImplementedError

    def _move_lives(self, old: str, new: str, moved: set[tuple[str, str]]) -> None:
        raise NotImplementedError

    def _move_notices(self, old: str, new: str, moved: set[tuple[str, str]]) -> None:
        raise NotImplementedError

    def _answer_merge(
        self, kept: str, retired: str, stands: Callable[[str, str], str | None], note: Note, now: datetime
    ) -> None:
        raise NotImplementedError

    def _is_held(self, unified: str) -> bool:
        raise NotImplementedError

    def mergeable(self, kept: str, retired: str) -> Unmergeable | None:
        with self._open() as state:
            return None if self._standing(kept, retired) else self._obstacle(state, kept, retired)

    def _standing(self, kept: str, retired: str) -> Merge | None:
        return next((m for m in self._merges if (m.kept, m.retired, m.undone_at) == (kept, retired, None)), None)

    def _obstacle(self, state: State, kept: str, retired: str) -> Unmergeable | None:
        both = {kept, retired}
        if kept == retired:
            return Unmergeable.SAME
        known = {link.unified for link in state.links.values()} | set(state.numbers)
        if not both <= known or both & state.released:
            return Unmergeable.UNKNOWN
        if contested(state, both) or any(link.frozen for link in state.links.values() if link.unified in both):
            return Unmergeable.FROZEN
        if any(map(self._is_held, both)):
            return Unmergeable.HELD
        return Unmergeable.NUMBERS if both <= set(state.numbers) else None

    def merge(self, kept: str, retired: str, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable:
        with self._open() as state:
            done = self._standing(kept, retired) or self._obstacle(state, kept, retired)
            if done is not None:
                return done
            made = Merge(id=len(self._merges) + 1, kept=kept, retired=retired, merged_at=now, note=note)
            self._merges.append(made)
            moved = {key for key, link in state.links.items() if link.unified == retired}
            self._moved[made.id] = moved
            self._move(state, moved, retired, kept, cause="merged", note=note, now=now)
            if retired in state.numbers:
                self._numbers_moved[made.id] = state.numbers[retired].blind
                self._move_number(state, retired, kept, renumber, cause="merged", note=note, now=now)
            state.released.add(retired)
            self._answer_merge(kept, retired, lambda *key: _stands(state, key), note, now)
            return made

    def unmerge(self, merge_id: int, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable | None:
        with self._open() as state:
            found = next((merge for merge in self._merges if merge.id == merge_id), None)
            if found is None or found.undone_at is not None:
                return found
            if found.kept in state.released:
                return Unmergeable.UNKNOWN
            if contested(state, {found.kept, found.retired}):
                return Unmergeable.FROZEN
            theirs = {key for key, link in state.links.items() if link.unified == found.kept and not link.frozen}
            state.released.discard(found.retired)
            self._move(
                state, theirs & self._moved[merge_id], found.kept, found.retired, cause="unmerged", note=note, now=now
            )
            held = state.numbers.get(found.kept)
            if held is not None and held.blind == self._numbers_moved.get(merge_id):
                self._move_number(state, found.kept, found.retired, renumber, cause="unmerged", note=note, now=now)
            undone = replace(found, undone_at=now, undone=note)
            self._merges[merge_id - 1] = undone
            return undone

    def merged_links(self, merge_id: int) -> list[tuple[str, str]]:
        with self._open():
            return sorted(self._moved.get(merge_id, ()))

    def merges(self, *, standing: bool = True, most: int = 1000) -> list[Merge]:
        with self._open():
            return [merge for merge in self._merges if merge.undone_at is None or not standing][:most]

    def _move(
        self, state: State, moved: set[tuple[str, str]], old: str, new: str, *, cause: str, note: Note, now: datetime
    ) -> None:
        for system, atena in sorted(moved):
            row = LinkRow(system=system, atena=atena, unified=new, news=self._was_told(system, atena) == old)
            end_link(state, (system, atena), day_of(row, now), cause=cause, note=note, now=now)
            state.links[system, atena] = Link.of(row, now, frozen=False)
            self._tell(row, now)
        self._move_lives(old, new, moved)
        self._move_notices(old, new, moved)

    def _move_number(
        self, state: State, old: str, new: str, renumber: Renumber, *, cause: str, note: Note, now: datetime
    ) -> None:
        held = state.numbers[old]
        day = day_of(LinkRow(system="", atena="", unified=old), now)
        end_number(state, old, day, cause=cause, note=note, now=now)
        sealed = None if held.sealed is None else renumber(held.sealed, old, new)
        state.numbers[new] = Number(held.blind, sealed, held.since, now)


def _stands(state: State, key: tuple[str, str]) -> str | None:
    link = state.links.get(key)
    return None if link is None else link.unified
