"""「4情報照合」 4 of 4 agree: linked; 3 of 4: a person decides; fewer: refused (domain.md §7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kakehashi.matching.attribute import Attribute, Form

__all__ = ["Comparison", "Verdict", "compare"]


class Verdict(StrEnum):
    """「照合結果」"""

    SAME = "same"
    DECIDE = "decide"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Comparison:
    """「照合」 Which of the four agree. What is not known on one side does not agree."""

    differ: tuple[Attribute, ...]

    @property
    def verdict(self) -> Verdict:
        match len(self.differ):
            case 0:
                return Verdict.SAME
            case 1:
                return Verdict.DECIDE
            case _:
                return Verdict.OTHER


def compare(one: Form, other: Form) -> Comparison:
    """Symmetric; of two forms that are both plain, or both digested under one key for one person."""
    agree = {
        Attribute.NAME: _names(one, other),
        Attribute.BIRTH: _births(one, other),
        Attribute.SEX: bool(one["s"] & other["s"]),
        Attribute.ADDRESS: _addresses(one, other),
    }
    return Comparison(tuple(attribute for attribute, agrees in agree.items() if not agrees))


def _names(one: Form, other: Form) -> bool:
    """Any name of one side is one of the other's; kana count only where one side has nothing else."""
    if one["n"] and other["n"]:
        return bool(one["n"] & other["n"])
    return bool(one["k"] & other["k"])


def _births(one: Form, other: Form) -> bool:
    """The same day; or the same month or year where both sides know no more. Never a day and a month."""
    for tag in "dmy":
        if one[tag] or other[tag]:
            return one[tag] == other[tag]
    return False


def _addresses(one: Form, other: Form) -> bool:
    """The same place. Prefecture and building may be left out on one side, but not be others."""
    optional = all(not one[tag] or not other[tag] or one[tag] == other[tag] for tag in "ph")
    return bool(one["a"]) and one["a"] == other["a"] and optional
