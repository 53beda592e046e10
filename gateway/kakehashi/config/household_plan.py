"""「世帯定義」 Which items of a route's records say who is whose in a household, checked against its layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kakehashi.codec.layout import Kind, Layout, Role
from kakehashi.config.layout_table import fields_of
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import HouseholdSettings, RouteSettings
from kakehashi.errors import Place
from kakehashi.mapping.converters import close_names

__all__ = ["HouseholdPlan", "household_plan"]

_OTHERS = ("name", "head_name", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPlan:
    """「世帯定義」 Indexes of values in a row; None: the layout has no such item. `head`: the relation of the head.

    `group`: the values of the group record. `names`: of every value. `starts`: first byte in its record, of those that
    have one.
    """

    head: str
    relation: int
    name: int | None
    head_name: int | None
    count: int | None
    group: slice
    names: tuple[str, ...]
    starts: Mapping[int, int]


def household_plan(reading: Reading, file: str, settings: RouteSettings, layout: Layout) -> HouseholdPlan | None:
    """What `[mapping.household]` says; None where it says nothing, or something wrong."""
    wanted = settings.mapping.household
    if wanted is None:
        return None
    group = layout.record(Role.GROUP)
    if group is None or settings.function != "DBM":
        place = Place(file=file, item="mapping.household")
        reading.fault("CFG-003", place, expected="a route of replicas whose layout has a group record")
        return None
    names, own = fields_of(layout), len(layout.data.items)
    index = _finder(reading, file, wanted, names)
    relation, others = index("relation"), [index(key) for key in _OTHERS]
    if relation is None or any(getattr(wanted, key) and at is None for key, at in zip(_OTHERS, others, strict=True)):
        return None
    fixed = layout.format.kind is Kind.FIXED
    return HouseholdPlan(
        head=wanted.head,
        relation=relation,
        name=others[0],
        head_name=others[1],
        count=others[2],
        group=slice(own, own + len(group.items)),
        names=names,
        starts={at: item.start for at, item in enumerate(layout.data.items)} if fixed else {},
    )


def _finder(
    reading: Reading, file: str, wanted: HouseholdSettings, names: tuple[str, ...]
) -> Callable[[str], int | None]:
    def index(key: str) -> int | None:
        name: str = getattr(wanted, key)
        if name in names:
            return names.index(name)
        if name:
            place = Place(file=file, item=f"mapping.household.{key}")
            reading.fault("CFG-006", place, name=name, **close_names(name, sorted(names)))
        return None

    return index
