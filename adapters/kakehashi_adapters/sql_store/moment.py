"""Times as the store keeps them: whole microseconds since 1970 UTC; read back in Japan Standard Time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import overload

from kakehashi.domain.japan_time import JST

__all__ = ["from_store", "to_store"]

_EPOCH = datetime(1970, 1, 1, 9, tzinfo=JST)
_UNIT = timedelta(microseconds=1)


def to_store(moment: datetime) -> int:
    """Raises TypeError for a naive time."""
    return (moment - _EPOCH) // _UNIT


@overload
def from_store(moment: int) -> datetime: ...
@overload
def from_store(moment: None) -> None: ...
@overload
def from_store(moment: int | None) -> datetime | None: ...
def from_store(moment: int | None) -> datetime | None:
    return None if moment is None else _EPOCH + timedelta(microseconds=moment)
