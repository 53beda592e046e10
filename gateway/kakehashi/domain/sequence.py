"""「順序番号」 The number of a change: of two of one (person, TM code, unit) the one with the higher number wins.

A number is a time, to the second, and a place in that second: 10⁹ places, the first half for extracts, the second for
everything else. A file takes as many in a row as it has records. What comes in takes the time at which it comes in; an
extract 「一括」 takes the time as of which it was made, and so never overwrites what has come in since then, however
late it arrives itself. 18 digits last until September 2051.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["MOST", "ORDINARY", "SECOND", "next_place", "none_of", "seconds_of"]

SECOND: Final = 1_000_000_000
"""So many numbers a second has."""
_BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
MOST: Final = SECOND // 2
"""So many numbers one file can have."""
ORDINARY: Final = -1
"""In place of a second: whatever is no extract."""


def seconds_of(at: datetime) -> int:
    """Whole seconds since the beginning of 2020; what was before that is 0."""
    return max(0, (at - _BEGIN) // timedelta(seconds=1))


def none_of(second: int) -> int:
    """The last number given of a second (or ORDINARY) of which none was given yet."""
    return second * SECOND - 1


def next_place(last: Callable[[int], int], count: int, *, at: datetime, extract: bool) -> tuple[int, int]:
    """Where the next `count` (≤ MOST) numbers are for what comes in `at` this time, or for an extract as of it.

    `last`: the last number given of a second, or of ORDINARY. Returns of which of them they are, and the first.
    """
    second = seconds_of(at)
    if not extract:
        return ORDINARY, _first_of_ordinary(last(ORDINARY), second=second, count=count)
    while (first := last(second) + 1) % SECOND + count > MOST:
        second -= 1  # that is no later, and may have room
    return second, first


def _first_of_ordinary(last: int, *, second: int, count: int) -> int:
    """Above `last`, whatever the clock says, and in the second half of a second."""
    first = max(last + 1, second * SECOND + MOST)
    if first % SECOND < MOST:
        return first - first % SECOND + MOST
    return first if first % SECOND + count <= SECOND else first - first % SECOND + SECOND + MOST
