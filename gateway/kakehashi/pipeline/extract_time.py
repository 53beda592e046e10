"""「基準日時」 As of when an extract was made: by its header or by its name, in Japan's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kakehashi.codec.layout import Layout, Role, Split, Value
from kakehashi.config.model import AsOfSettings
from kakehashi.domain.japan_time import JST
from kakehashi.domain.japanese_date import HistoricDate, Precision
from kakehashi.errors import InputError

__all__ = ["extract_time"]

_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=10)
"""So far the clocks of the systems may be ahead of ours."""


def extract_time(settings: AsOfSettings, layout: Layout, split: Split, *, name: str, now: datetime) -> datetime:
    """Never later than `now`; of several headers in a file the earliest counts.

    Raises InputError: REF-011 where no time can be read, REF-012 where it is later than now, and so cannot be true.
    """
    try:
        as_of = min([_read(name, settings.name)] if settings.name else _by_headers(settings, layout, split))
    except ValueError:
        raise InputError("REF-011") from None
    if as_of < _EARLIEST:
        raise InputError("REF-011")
    if as_of > now + _AHEAD:
        raise InputError("REF-012")
    return min(as_of, now)


def _by_headers(settings: AsOfSettings, layout: Layout, split: Split) -> list[datetime]:
    """Raises ValueError, also where there is no header."""
    header = layout.record(Role.HEADER)
    items = {item.name: at for at, item in enumerate(header.items)} if header else {}
    chosen = [items[name] for name in settings.items]
    return [_moment([row[at] for at in chosen]) for row in split.headers]


def _moment(values: Sequence[Value]) -> datetime:
    """A date and, where there is one, a time of day: `20261127`, `202611271830`, `20261127` and `1830`, …"""
    digits = "".join(_digits(value) for value in values)
    return _read(digits, {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "no time"))


def _read(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern).replace(tzinfo=JST)


def _digits(value: Value) -> str:
    if isinstance(value, HistoricDate):
        return value.iso().replace("-", "") if value.precision is Precision.DAY else ""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    raise ValueError
