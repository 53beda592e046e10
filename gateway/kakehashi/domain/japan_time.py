"""「日本標準時」 Days, deadlines and opening hours are those of Japan wherever a machine stands."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

__all__ = ["JST"]

JST: Final = timezone(timedelta(hours=9), "JST")
"""No daylight saving since 1951: a fixed offset needs no time zone data."""
