"""「修復計画」 What of the differences goes out again, what is withdrawn, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from kakehashi.pipeline.reconciling import Difference

__all__ = ["RepairPlan"]


@dataclass(slots=True, kw_only=True)
class RepairPlan:
    """The extract is what counts, but for keys whose last change is newer than it, or still on its way.

    `is_newer`: whether a sequence was made after the extract was taken. `complete`: whether every record of the extract
    was read; else nobody knows whether it has a key, and nothing is withdrawn. `again`: records of the extract.
    """

    is_newer: Callable[[int], bool]
    complete: bool
    again: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    """Records of the extract that are left alone, with their households."""
    surplus: dict[tuple[str, str], None] = field(default_factory=dict)
    """Keys that the extract has not, in their order, each once."""
    in_flight: int = 0
    newer: int = 0
    unclear: int = 0

    def add(self, row: Difference) -> None:
        if row.in_flight:
            self.in_flight += 1
            self._leave(row)
        elif any(sequence is not None and self.is_newer(sequence) for sequence in (row.accepted, row.server)):
            self.newer += 1
            self._leave(row)
        elif row.record is not None:
            self.again.add(row.record)
        elif self.complete:
            self.surplus[row.person, row.unit] = None
        else:
            self.unclear += 1

    def keep_households(self, households: Iterable[Collection[int]]) -> None:
        """Of these (the records of each) all go again, or none where one of them is left alone."""
        for household in households:
            going = self.again.intersection(household)
            if not going:
                continue
            if self.left.isdisjoint(household):
                self.again.update(household)
            else:
                self.again -= going
                self.newer += len(going)

    def _leave(self, row: Difference) -> None:
        if row.record is not None:
            self.left.add(row.record)
