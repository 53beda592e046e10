"""「名寄せの結果」 Groups and the pairs in doubt → links, numbers, and questions for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from kakehashi.config.model import LinkPlan
from kakehashi.failpoint import reached
from kakehashi.matching.grouping import FROZEN, Group, Pair, Record
from kakehashi.matching.likeness import Reason
from kakehashi.pipeline.identify import unlinked_name
from kakehashi.ports.links import LinkRow, LinkStore
from kakehashi.ports.matches import NewReview, Review
from kakehashi.ports.sealer import Sealer

__all__ = ["Found", "Standing", "SystemFound", "carry_out"]

_AT_ONCE: Final = 500
_UNTOLD: Final = "-"
"""Stands for a number that a dry run does not issue."""


@dataclass(slots=True)
class SystemFound:
    """「業務別名寄せ件数」 Of one system: records; of them linked before, frozen, linked now with another system's,
    numbered as a person of their own, asked about, and waiting for what is asked about others.
    """

    system: str
    records: int = 0
    before: int = 0
    frozen: int = 0
    linked: int = 0
    alone: int = 0
    asked: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Found:
    """「名寄せ件数」 `persons`: who got a number; `conflicts`: groups of which somebody else had a part by then.

    `common`: blocks too large to compare; `repeated`: numbers that came more than once; `faults`: rows, by code.
    """

    persons: int = 0
    questions: int = 0
    merges: int = 0
    conflicts: int = 0
    common: int = 0
    repeated: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    systems: dict[str, SystemFound] = field(default_factory=dict)

    def of(self, system: str) -> SystemFound:
        return self.systems.setdefault(system, SystemFound(system))


_Others: TypeAlias = Sequence[tuple[int, tuple[Reason, ...]]]


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Groups that are in doubt about each other, the numbers of those who have one, and what was answered before."""

    kept: Mapping[int, Group]
    numbers: dict[int, str]
    verdicts: Mapping[bytes, str]
    asking: list[NewReview] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Standing:
    """Settles all groups of a run. Who is in no doubt is linked; of those in doubt about each other the first (linked
    already, else of the system that was read first) has its number, the others are asked about against it.
    """

    links: LinkStore
    sealer: Sealer
    systems: Sequence[str]
    plans: Sequence[LinkPlan]
    now: datetime
    dry: bool
    found: Found
    _doubts: dict[int, list[tuple[int, tuple[Reason, ...]]]] = field(default_factory=dict)

    def link_all(self, groups: Iterable[Group]) -> None:
        """Those in no doubt."""
        left = iter(groups)
        while some := list(islice(left, _AT_ONCE)):
            self._link(some)

    def settle(self, groups: Mapping[int, Group], pairs: Sequence[Pair]) -> None:
        """Those in doubt about each other, and about nobody else."""
        self._doubts = {}
        for one, other, reasons in pairs:
            self._doubts.setdefault(one, []).append((other, reasons))
            self._doubts.setdefault(other, []).append((one, reasons))
        clusters = self._clusters(groups)
        while several := list(islice(clusters, _AT_ONCE)):
            self._settle(several, groups)

    def _clusters(self, kept: Mapping[int, Group]) -> Iterator[list[int]]:
        """Groups that are in doubt about each other, through others perhaps: the first comes first."""
        seen: set[int] = set()
        for number in sorted(kept):
            cluster, reached = [], [number]
            while reached:
                each = reached.pop()
                if each not in seen:
                    seen.add(each)
                    cluster.append(each)
                    reached += [other for other, _ in self._doubts[each]]
            if cluster:
                yield sorted(cluster, key=lambda each: _rank(kept[each]))

    def _settle(self, clusters: Sequence[list[int]], kept: Mapping[int, Group]) -> None:
        numbers = dict(zip([c[0] for c in clusters], self._link([kept[c[0]] for c in clusters]), strict=True))
        claims = [
            self._claim(kept[each], kept[earlier], unified)
            for cluster in clusters
            for at, each in enumerate(cluster)
            for earlier, _ in self._earlier(cluster, at)
            if (unified := numbers.get(earlier) or kept[earlier].known.rstrip(FROZEN))
        ]
        verdicts = self.links.verdicts(claims)
        doubt = _Doubt(kept, numbers, verdicts)
        for cluster in clusters:
            for at, each in enumerate(cluster[1:], start=1):
                numbers[each] = self._one(doubt, kept[each], self._earlier(cluster, at))
        asking = doubt.asking
        self.found.questions += len(asking)
        if asking and not self.dry:
            self.links.ask(asking, now=self.now)

    def _earlier(self, cluster: Sequence[int], at: int) -> list[tuple[int, tuple[Reason, ...]]]:
        before = set(cluster[:at])
        return [(other, reasons) for other, reasons in self._doubts[cluster[at]] if other in before]

    def _one(self, doubt: _Doubt, group: Group, earlier: _Others) -> str:
        """The number of a group that is in doubt about `earlier` ones; "": somebody has to decide first."""
        if group.known == FROZEN:
            return ""
        asked, joined = self._asked(doubt, group, earlier)
        if group.known:
            doubt.asking.extend(asked)
            self.found.merges += len(asked)
            return group.known
        waits = any(not doubt.numbers[each] for each, _ in earlier)
        if joined or not (asked or waits):
            return self._link([group], joined=joined)[0]
        doubt.asking.extend(asked)
        for record in group.records:
            count = self.found.of(self.systems[record.system])
            count.asked += bool(asked)
            count.waiting += not asked
        return ""

    def _asked(self, doubt: _Doubt, group: Group, earlier: _Others) -> tuple[list[NewReview], str]:
        """What is to be asked, once for each number; and whose the group is, where that was answered."""
        joined = ""
        asked: dict[str, NewReview] = {}
        for each, reasons in earlier:
            unified = doubt.numbers[each]
            if unified in {"", group.known} or (group.known and self._are_two(unified, group.known)):
                continue
            claim = self._claim(group, doubt.kept[each], unified)
            verdict = doubt.verdicts.get(claim)
            if verdict is None:
                review = self._review(claim, group, unified, reasons)
                asked[unified] = min(asked.get(unified, review), review, key=lambda one: len(one.differ))
            elif verdict == "link":
                joined = unified
        return list(asked.values()), joined

    def _are_two(self, one: str, other: str) -> bool:
        """Nobody has two 個人番号; and whom one system knows under two numbers was asked about before both had one."""
        mine, theirs = (self.links.persons_links(each) for each in (one, other))
        numbers = all(self.links.sealed_number(each) is not None for each in (one, other))
        return numbers or bool({row.system for row in mine} & {row.system for row in theirs})

    def _claim(self, group: Group, other: Group, unified: str) -> bytes:
        """A decision answers this question and no other: it is void as soon as either is described otherwise. Whether
        two unified numbers are one person's is asked once.
        """
        mine, theirs = group.records[0], other.records[0]
        if group.known:
            return self.sealer.digest("/".join(("merge", *sorted((group.known, unified)))))
        told = ("group", self.systems[mine.system], mine.atena, mine.trace.hex(), unified, theirs.trace.hex())
        return self.sealer.digest("/".join(told))

    def _review(self, claim: bytes, group: Group, unified: str, reasons: tuple[Reason, ...]) -> NewReview:
        members = tuple((self.systems[record.system], record.atena) for record in group.records)
        system, atena = members[0]
        return NewReview(
            claim=claim, system=system, atena=atena, unified=unified, differ=tuple(reasons), members=members
        )

    def _link(self, groups: Sequence[Group], *, joined: str = "") -> list[str]:
        """What is not linked of these is; each has one number then ("": the store knows that they are several)."""
        rows = [self._rows(group, joined or group.known) for group in groups]
        self._count(groups, joined)
        if self.dry:
            return [(joined or group.known or _UNTOLD).rstrip(FROZEN) for group in groups]
        some = [each for each in rows if each]
        made = iter(self.links.group(some, prefix=self.plans[0].prefix or "", now=self.now) if some else [])
        reached("grouping.linked")
        numbers = [next(made) if each else group.known.rstrip(FROZEN) for each, group in zip(rows, groups, strict=True)]
        self.found.conflicts += sum(bool(each) and not number for each, number in zip(rows, numbers, strict=True))
        names = [
            (row.system, name)
            for each in rows
            for row in each
            if (name := unlinked_name(self.sealer, row.system, row.atena)) != row.atena
        ]
        if names:
            self.links.met_linked(names)
        return numbers

    def _rows(self, group: Group, unified: str) -> list[LinkRow]:
        told = {plan.returns for plan in self.plans} - {""}
        return [
            LinkRow(
                system=self.systems[record.system],
                atena=record.atena,
                unified=unified,
                news=self.systems[record.system] in told,
            )
            for record in group.records
            if not record.known
        ]

    def _count(self, groups: Sequence[Group], joined: str) -> None:
        for group in groups:
            self.found.persons += not (joined or group.known)
            for record in group.records:
                count = self.found.of(self.systems[record.system])
                if record.known:
                    count.before += record.known != FROZEN
                elif joined or len(group.records) > 1:
                    count.linked += 1
                else:
                    count.alone += 1


def _rank(group: Group) -> tuple[bool, int, str]:
    first: Record = group.records[0]
    return not group.known, first.system, first.atena


def carry_out(links: LinkStore, review: Review, *, now: datetime) -> str:
    """What follows from an answer "link" in record matching. Returns for whom the numbers stand then; "": nothing was
    changed, because they stand for several. Done again it does nothing.
    """
    what = review.what
    rows = [LinkRow(system=system, atena=atena, unified=what.unified) for system, atena in what.members]
    return links.group([rows], prefix="", now=now)[0]
