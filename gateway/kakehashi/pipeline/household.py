"""「世帯単位」 The records of a household go out together, in one version, or none of them does.

A household is what stands under one group record of the legacy file. Who moves stands in two: in the one that is left
as a deletion, in the other as a change; such households of one batch are one group. The version of a group is the
sequence of its first record: the same in every attempt, and in every batch that carries the records again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from kakehashi.config.household_plan import HouseholdPlan
from kakehashi.domain.batch import RecordState
from kakehashi.errors import Fault, Place
from kakehashi.ports.ledger import NewException

if TYPE_CHECKING:
    from kakehashi.codec.layout import Value
    from kakehashi.pipeline.translation import Draft, Refusals

__all__ = ["Households", "with_the_stale"]

_STALE = "REF-002"
_Row: TypeAlias = "tuple[Value, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Households:
    """「世帯」 Those of one batch. `groups`: as of `Decoded`, with those joined that a person moves between.

    `marks`: the server registers a group together or not at all. `again`: of a batch that is sent again, and so may
    lack members that a server that does not has taken before.
    """

    plan: HouseholdPlan
    groups: Sequence[int]
    before_first: int
    marks: bool
    again: bool

    @classmethod
    def of(cls, plan: HouseholdPlan, drafts: Sequence[Draft], refusals: Refusals) -> Households:
        """Of the drafts of a batch, checked: the first fault of each broken one is in `refusals` then, which speak of
        joined groups from now on.
        """
        subject, apart = refusals.subject, refusals.decoded.groups
        joined = _joined(apart, drafts)
        found = cls(
            plan=plan,
            groups=joined,
            before_first=subject.before_first,
            marks=subject.grouped,
            again=bool(subject.groups),
        )
        refusals.decoded = replace(refusals.decoded, groups=joined)
        for position, fault in found._faults(drafts, refusals, apart):
            refusals.add(position, fault)
        return found

    def whole(self, drafts: Sequence[Draft], refusals: Refusals) -> list[Draft]:
        """The drafts of which no fellow member is refused, each with the version of its group; the others wait for the
        first who is (HSH-001), or are stale with who has a newer change (HSH-002).
        """
        waits_for: dict[int, int] = {}
        numbers = refusals.decoded.numbers
        for position in sorted({*refusals.first, *refusals.subject.exclude}):
            waits_for.setdefault(self.groups[position], numbers[position])
        stale = {self.groups[at] for at, fault in refusals.first.items() if fault.code == _STALE}
        kept = []
        for each in drafts:
            group = self.groups[each.position]
            if group not in waits_for:
                kept.append(each._replace(group=self.before_first + group) if self.marks else each)
            elif group in stale:
                refusals.add(each.position, Fault("HSH-002"))
            else:
                refusals.add(each.position, Fault("HSH-001", facts={"record": waits_for[group]}))
        return kept

    def _faults(self, drafts: Sequence[Draft], refusals: Refusals, apart: Sequence[int]) -> Iterator[tuple[int, Fault]]:
        """Of households that can be read whole: what is wrong in them, at the record where it is."""
        unread = {apart[position] for position in (*refusals.first, *refusals.subject.exclude)}
        rows = refusals.decoded.rows
        members: dict[int, list[tuple[Draft, _Row]]] = {}
        for each in drafts:
            row = rows[each.position]
            if row is not None and apart[each.position] not in unread:
                members.setdefault(apart[each.position], []).append((each, row))
        for household in members.values():
            yield from self._checked(household)
        yield from _undone(drafts, self.groups)

    def _checked(self, household: Sequence[tuple[Draft, _Row]]) -> Iterator[tuple[int, Fault]]:
        plan = self.plan
        parents = [row[plan.group] for _, row in household]
        for (each, _), parent in zip(household, parents, strict=True):
            if parent != parents[0]:
                yield each.position, Fault("HSH-007")
                return
        registered = [(each.position, row) for each, row in household if each.mapped.operation != "delete"]
        if not registered:
            return
        declared = registered[0][1][plan.count] if plan.count is not None else None
        if self.again and not self.marks and isinstance(declared, int) and len(registered) < declared:
            return
        yield from self._about_head(registered)
        if plan.count is not None and declared != len(registered):
            yield registered[0][0], self._fault("HSH-005", plan.count, members=len(registered))
        for position, row in registered:
            steps = self._steps(row)
            if None in steps or (plan.head in steps and len(steps) > 1):
                yield position, self._fault("HSH-006", plan.relation)

    def _about_head(self, registered: Sequence[tuple[int, _Row]]) -> Iterator[tuple[int, Fault]]:
        plan = self.plan
        heads = [(position, row) for position, row in registered if self._steps(row) == (plan.head,)]
        if len(heads) != 1:
            position = heads[1][0] if heads else registered[0][0]
            yield position, self._fault("HSH-003", plan.relation, heads=len(heads))
        elif plan.name is not None and plan.head_name is not None:
            position, row = heads[0]
            if row[plan.name] != row[plan.head_name]:
                yield position, self._fault("HSH-004", plan.name)

    def _steps(self, row: _Row) -> tuple[Value, ...]:
        """「続柄」 From the head on, without what is empty behind the last step."""
        value = row[self.plan.relation]
        steps = list(value) if isinstance(value, tuple) else [value]
        while steps and steps[-1] is None:
            steps.pop()
        return tuple(steps)

    def _fault(self, code: str, item: int, **facts: int) -> Fault:
        return Fault(code, Place(item=self.plan.names[item]), facts)


def _joined(groups: Sequence[int], drafts: Sequence[Draft]) -> list[int]:
    """Groups that share a person have the number of the first of them."""
    above: dict[int, int] = {}

    def top(group: int) -> int:
        while group in above:
            group = above[group]
        return group

    seen: dict[str, int] = {}
    for each in drafts:
        here = top(groups[each.position])
        there = top(seen.setdefault(each.person, here))
        if here != there:
            above[max(here, there)] = min(here, there)
    return [top(group) for group in groups] if above else list(groups)


def _undone(drafts: Sequence[Draft], groups: Sequence[int]) -> Iterator[tuple[int, Fault]]:
    """Who is put into a household and later in the file taken out of another would be gone: the later change counts."""
    put: set[tuple[int, str, str]] = set()
    for each in drafts:
        key = groups[each.position], each.person, each.mapped.unit
        if each.mapped.operation != "delete":
            put.add(key)
        elif key in put:
            yield each.position, Fault("HSH-008")


def with_the_stale(exceptions: Sequence[NewException]) -> list[NewException]:
    """What the server did not take because a fellow member has a newer change is stale with it: it waits for nobody."""
    stale = {each.household for each in exceptions if each.code == _STALE and each.household is not None}
    if not stale:
        return list(exceptions)
    return [
        replace(each, code="HSH-002", state=RecordState.REFUSED)
        if each.code == "HSH-001" and each.household in stale
        else each
        for each in exceptions
    ]
