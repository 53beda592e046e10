"""Two unified numbers that are found to be one person's, and what undoes that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from kakehashi.domain.link import Note
from kakehashi.ports.sealer import Sealed

__all__ = ["Merge", "MergeBook", "Renumber", "Unmergeable"]

Renumber: TypeAlias = Callable[[Sealed, str, str], Sealed]
"""A sealed 個人番号, bound to the first 団体内統合宛名番号, as it is bound to the second."""


class Unmergeable(StrEnum):
    """「統合不可理由」"""

    SAME = "same"
    UNKNOWN = "unknown"
    """Nobody has the number, or it was released or merged before."""
    FROZEN = "frozen"
    """Something about either is to be decided first."""
    HELD = "held"
    """Of either something waits for the day of enforcement."""
    NUMBERS = "numbers"
    """Both have a 個人番号: they are two persons, or one of the numbers is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """「番号統合」 What stood for `retired` stands for `kept`; `undone_at` None: still so."""

    id: int
    kept: str
    retired: str
    merged_at: datetime
    note: Note
    undone_at: datetime | None = None
    undone: Note | None = None


class MergeBook(Protocol):
    """「番号統合簿」 Every method is one transaction."""

    def mergeable(self, kept: str, retired: str) -> Unmergeable | None:
        """Why these cannot be made one; None: they can, or are."""

    def merge(self, kept: str, retired: str, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable:
        """All links of `retired` end and begin anew for `kept`, and so do its 個人番号 and life events; it is given to
        nobody again. Open questions about it are about `kept`; those whether the two are one are answered. Systems that
        were told it are told the other one. Done again it does nothing.
        """

    def unmerge(self, merge_id: int, *, renumber: Renumber, note: Note, now: datetime) -> Merge | Unmergeable | None:
        """The links that were moved, and still stand for `kept`, stand for `retired` again, and so on. Who was linked
        since stays. None where there is no such merge; done again it does nothing.
        """

    def merged_links(self, merge_id: int) -> list[tuple[str, str]]:
        """(system, 宛名番号) of the links that a merge has moved, whether it was undone or not."""

    def merges(self, *, standing: bool = True, most: int = 1000) -> list[Merge]:
        """Oldest first."""
