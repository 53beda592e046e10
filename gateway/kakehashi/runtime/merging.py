"""「番号統合」 Two unified numbers made one, or two again, and what follows for symbol and replicas.

First the link store decides, in one transaction; all that follows is found again from what it says. So who dies in
between, or finds something in flight, does the same once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from kakehashi.config.model import Configuration, Route
from kakehashi.domain.batch import FileState
from kakehashi.domain.halt import HaltOf
from kakehashi.domain.interface import Function
from kakehashi.domain.link import Note
from kakehashi.domain.symbol import LIVE, Origin, Task
from kakehashi.failpoint import reached
from kakehashi.pipeline.identify import renumbered
from kakehashi.pipeline.symbol_needs import SymbolNeeds, rules_of
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool
from kakehashi.ports.halts import NewHalt
from kakehashi.ports.links import LinkStore
from kakehashi.ports.merges import Merge, Renumber, Unmergeable
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.repair import Repair

__all__ = ["Consequences", "Merging"]

_MOST: Final = 1_000_000
_ENDED: Final = frozenset({FileState.SETTLED, FileState.RETURNED, FileState.REFUSED})


@dataclass(slots=True)
class Consequences:
    """「統合の影響」 How many links go; of the number that they leave: live acquisitions, and replicas by lane.

    `in_flight`: changes of its replicas that were sent and are not decided: do it again afterwards. `left`: replicas
    of information that no route has. The owners of the lanes have to send again, under the number that counts now.
    """

    links: int = 0
    acquisitions: int = 0
    replicas: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """「統合処理」 What follows is said by the profile, `[merges]`."""

    configuration: Configuration
    store: Store
    links: LinkStore
    sealer: Sealer
    clock: Clock
    spool: Spool

    def foresee(self, retired: str) -> Consequences:
        """What a merge would do; nothing is done."""
        return self._consequences(retired, self._keys(retired), links=len(self.links.persons_links(retired)))

    def foresee_undoing(self, merge: Merge) -> Consequences:
        """As `foresee`, of what undoes it."""
        moved = set(self.links.merged_links(merge.id))
        return self._consequences(merge.kept, self._leaving(merge.kept, moved), links=len(moved))

    def merge(self, kept: str, retired: str, note: Note) -> Consequences | Unmergeable:
        """Raises SealError, StoreError. Done again it goes on where it has stopped."""
        links = len(self.links.persons_links(retired))
        if self.links.mergeable(kept, retired) is None:
            self._carry_halts(retired, kept, note)
        made = self.links.merge(kept, retired, renumber=self._renumber, note=note, now=self.clock.now())
        if isinstance(made, Unmergeable):
            return made
        reached("merging.merged")
        rule, keys = self.configuration.profile.merges, self._keys(retired)
        told = self._consequences(retired, keys, links=links)
        if rule.withdraws_symbol:
            self._needs.withdraw(retired)
        if self._relinks:
            self._needs.relink(retired, kept, anew=self._acquires(kept))
        else:
            self._begin(kept, again=False)
        if rule.withdraws_replicas:
            self._withdraw(f"merge{made.id}", keys, note)
        return told

    def unmerge(self, merge_id: int, note: Note) -> Consequences | Unmergeable | None:
        """As `merge`. The replicas of `kept` that came from systems in which it has no number any more are deleted."""
        moved = set(self.links.merged_links(merge_id))
        undone = self.links.unmerge(merge_id, renumber=self._renumber, note=note, now=self.clock.now())
        if not isinstance(undone, Merge):
            return undone
        reached("merging.undone")
        rule, keys = self.configuration.profile.merges, self._leaving(undone.kept, moved)
        told = self._consequences(undone.kept, keys, links=len(moved))
        if (rule.withdraws_symbol or self._relinks) and self.links.sealed_number(undone.kept) is None:
            self._needs.withdraw(undone.kept)
        self._needs.unlink(undone.retired, undone.kept)
        self._begin(undone.retired, again=True)
        if rule.withdraws_replicas:
            self._withdraw(f"unmerge{undone.id}", keys, note)
        return told

    def _carry_halts(self, retired: str, kept: str, note: Note) -> None:
        """What is stopped for one number is stopped for the other, before any link stands for it."""
        for row in self.store.halts(of=HaltOf.PERSON, key=retired):
            self.store.place_halt(
                NewHalt(
                    action=row.action,
                    of=row.of,
                    key=kept,
                    means=row.means,
                    reason=row.reason,
                    actor=note.actor,
                    placed_at=self.clock.now(),
                )
            )

    @property
    def _renumber(self) -> Renumber:
        return partial(renumbered, self.sealer)

    @property
    def _needs(self) -> SymbolNeeds:
        return SymbolNeeds(
            store=self.store, links=self.links, clock=self.clock, rules=rules_of(self.configuration.profile)
        )

    @property
    def _relinks(self) -> bool:
        """Where symbols are the gateway's business at all."""
        return self.configuration.profile.merges.relinks_symbol and self.configuration.gateway.symbols.acquire != "off"

    def _begin(self, person: str, *, again: bool) -> None:
        """Who has a 個人番号 now needs a symbol, where they begin by themselves."""
        if self._acquires(person):
            self.store.need([person], origin=Origin.REGISTERED, now=self.clock.now(), again=again)

    def _acquires(self, person: str) -> bool:
        settings = self.configuration.gateway.symbols
        return settings.acquire == "all" and self.links.sealed_number(person) is not None

    @property
    def _lanes(self) -> Mapping[str, Route]:
        """By information; of several routes of one information the first."""
        routes = [route for route in self.configuration.routes.values() if route.function is Function.DBM]
        return {route.standard.info_name: route for route in reversed(routes)}

    def _keys(self, person: str) -> dict[str, list[tuple[str, str]]]:
        """(person, unit) by information, of what stands there."""
        found: dict[str, list[tuple[str, str]]] = {}
        for row in self.store.persons_replicas(person):
            found.setdefault(row.info_name, []).append((row.person, row.unit))
        return found

    def _leaving(self, person: str, moved: set[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
        """Of `_keys`, those of systems in which the person has these numbers alone."""
        others = [row for row in self.links.persons_links(person) if (row.system, row.atena) not in moved]
        systems = {system for system, _ in moved} - {row.system for row in others}
        lanes, keys = self._lanes, self._keys(person)
        return {name: units for name, units in keys.items() if name in lanes and lanes[name].numbers in systems}

    def _consequences(self, person: str, keys: Mapping[str, Sequence[object]], *, links: int) -> Consequences:
        lanes = self._lanes
        flying = [self.store.replicas_in_flight(name) for name in lanes]
        return Consequences(
            links=links,
            acquisitions=sum(
                row.what.task is Task.ACQUIRE for row in self.store.acquisitions(person=person, states=sorted(LIVE))
            ),
            replicas={lanes[name].name: len(units) for name, units in keys.items() if name in lanes},
            in_flight=sum(key[0] == person for some in flying for key in some),
            left=sum(len(units) for name, units in keys.items() if name not in lanes),
        )

    def _withdraw(self, name: str, keys: Mapping[str, Sequence[tuple[str, str]]], note: Note) -> None:
        """A file a lane. One that was begun is released; while one is in work, no second one is made."""
        for info_name, route in self._lanes.items():
            ours = [f for f in self.store.files(lane=route.name, most=_MOST) if f.name.startswith(f"{name}-")]
            held = [file for file in ours if file.state is FileState.HELD]
            units = keys.get(info_name)
            if units and all(file.state in _ENDED for file in ours):
                held = [self._repair(route).withdraw(f"{name}.dat", units)]
                reached("merging.held")
            for file in held:
                now = self.clock.now()
                self.store.decide_file(file.id, release=True, reason=note.reason, actor=note.actor, now=now)

    def _repair(self, route: Route) -> Repair:
        return Repair(
            route=route,
            spool=self.spool,
            store=self.store,
            sealer=self.sealer,
            clock=self.clock,
            config_hash=self.configuration.hash,
            taken=self.clock.now(),
        )
