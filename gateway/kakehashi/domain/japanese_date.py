"""「和暦日付」 (being written)"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoricDate:
    """「日付」 A date as precise as it was written."""

    year: int
    month: int | None = None
    day: int | None = None
    warning: str | None = None
    mark: str | None = None
