"""The part of the link store that knows which numbers go back to the systems for which they were issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

__all__ = ["NumberFile", "NumberReturns", "NumberRow"]


@dataclass(frozen=True, slots=True)
class NumberRow:
    """「付番通知」 A 宛名番号 and the 団体内統合宛名番号 that was issued for it, from which day on."""

    atena: str
    unified: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFile:
    """「付番通知ファイル」 What is in it is settled before its first byte is written, and does not change any more."""

    id: int
    made_at: datetime
    rows: Sequence[NumberRow]


class NumberReturns(Protocol):
    """「番号返却」 Each number that a system is to be told goes into one file, in the order in which they were issued.

    A row that `link` takes with `news` is to be told, unless that is what its system was told last.
    """

    def number_file(self, system: str, *, most: int, now: datetime) -> NumberFile | None:
        """The oldest file that was not marked as returned. Where there is none: one of up to `most` numbers that are to
        be told, made now. None where nothing is to be told; a number that is frozen or not linked any more is not.
        """

    def mark_numbers(self, file_id: int, *, now: datetime) -> bool:
        """It lies in its folder. False where that is known already."""
