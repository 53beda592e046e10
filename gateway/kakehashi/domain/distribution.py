"""「配信」 What the server distributes: the versions of layouts and code masters, each with its days, and its calendar.

Nothing of it takes effect by itself: it is compared with what the profile and the routes say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kakehashi.domain.data_standard import StandardType

__all__ = ["CodeMaster", "DistributedItem", "DistributedLayout", "Distribution", "Period", "contradictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """「適用期間」 Both days included; `last` None: without end."""

    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def has_ended(self, day: date) -> bool:
        """Before that day."""
        return self.last is not None and self.last < day

    def meets(self, other: Period) -> bool:
        ends = (self.last or date.max, other.last or date.max)
        return self.first <= ends[1] and other.first <= ends[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributedItem:
    """「データ項目」 As `StandardItem`; `code_master` names the list of its codes, empty: it has none."""

    code: str
    name: str
    type: StandardType
    digits: int
    decimals: int
    occurs: int
    required: bool
    code_master: str
    absence: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributedLayout:
    """「レイアウト版」 `items`: empty where the server names the version alone."""

    info_name: str
    version: str
    period: Period
    items: tuple[DistributedItem, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.info_name} v{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMaster:
    """「コードマスタ」 One version of a list of codes."""

    name: str
    version: str
    period: Period
    codes: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.name} v{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """「配信」 `special`: (kind, from, to) of days and hours that differ, as in the profile's calendar."""

    layouts: tuple[DistributedLayout, ...] = ()
    masters: tuple[CodeMaster, ...] = ()
    special: tuple[tuple[str, str, str], ...] = ()

    def master(self, name: str, day: date) -> CodeMaster | None:
        """The version of a list that holds on that day."""
        return next((each for each in self.masters if each.name == name and each.period.holds(day)), None)

    def versions(self) -> list[DistributedLayout | CodeMaster]:
        """Everything that has days."""
        return [*self.layouts, *self.masters]

    def beginnings(self) -> list[date]:
        """The days on which something begins."""
        return sorted({each.period.first for each in self.versions()})


def contradictions(distribution: Distribution) -> list[str]:
    """What cannot be, each by the title of what it is about; empty: nothing."""
    return [*_doubled(distribution), *_backwards(distribution), *_meeting(distribution.masters), *_items(distribution)]


def _doubled(distribution: Distribution) -> Iterator[str]:
    titles = Counter(each.title for each in distribution.versions())
    yield from (title for title, times in titles.items() if times > 1)
    yield from (f"{m.title}: {code}" for m in distribution.masters for code in _twice(m.codes))
    yield from (f"{each.title}: {code}" for each in distribution.layouts for code in _twice(_codes(each)))


def _codes(layout: DistributedLayout) -> list[str]:
    return [item.code for item in layout.items]


def _twice(texts: Sequence[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def _backwards(distribution: Distribution) -> Iterator[str]:
    for each in distribution.versions():
        if each.period.last is not None and each.period.last < each.period.first:
            yield f"{each.title}: {each.period.first} – {each.period.last}"


def _meeting(masters: Sequence[CodeMaster]) -> Iterator[str]:
    """Of one list two versions cannot hold on one day: which codes would count?"""
    for number, one in enumerate(masters):
        for other in masters[number + 1 :]:
            if one.name == other.name and one.title != other.title and one.period.meets(other.period):
                yield f"{one.title}, {other.title}"


def _items(distribution: Distribution) -> Iterator[str]:
    for layout in distribution.layouts:
        for item in layout.items:
            if (item.type is StandardType.CODE) != bool(item.code_master):
                yield f"{layout.title}: {item.code}"
