"""「版」 The versions of a route's mapping, each with the days on which batches begin with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kakehashi.domain.data_standard import DataStandard
from kakehashi.mapping.compiler import Mapper

__all__ = ["MappingVersion", "nearest_day", "version_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingVersion:
    """「版」 Batches begin with it from `valid_from` to `valid_to`, both included; None: without bound.

    `file`: its mapping table in the configuration folder. `against` compiles that table against another data standard
    with the code tables of a day; it raises ConfigurationError with every fault, placed in the table.
    """

    standard: DataStandard
    mapper: Mapper
    valid_from: date | None
    valid_to: date | None
    file: str
    against: Callable[[DataStandard, date | None], Mapper]

    @property
    def name(self) -> str:
        return self.standard.version

    def day_of(self, day: date | None) -> date | None:
        """Whose code tables hold for it on that day."""
        return nearest_day(day, self.valid_from, self.valid_to)


def nearest_day(day: date | None, first: date | None, last: date | None) -> date | None:
    """The day itself, or the nearest one from `first` to `last`; None: no day at all."""
    if day is None:
        return None
    if first is not None and day < first:
        return first
    return min(day, last) if last is not None else day


def version_on(versions: Sequence[MappingVersion], day: date | None) -> MappingVersion:
    """The one with which batches begin on that day; None: the last. `versions`: not empty, in the order of days."""
    if day is None:
        return versions[-1]
    return next(each for each in reversed(versions) if each.valid_from is None or each.valid_from <= day)
