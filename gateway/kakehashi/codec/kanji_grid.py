"""「区点」 JIS X 0208 by row and cell, in its editions, as the vendors' host codes took it over.

Rows and cells come from Python's euc_jp, which is the 1990 edition. What the 1978 edition had otherwise is public
(JIS X 0208:1997, annexes on the changes of 1983): 22 pairs of kanji had each other's place, four stood where their
simplified forms stand now, and there were no rows 8 and 84 and no cells 2-15 to 2-94. 1983 lacks 84-05 and 84-06.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cache

__all__ = ["TWINS", "Edition", "kanji_grid", "twins"]

_SWAPPED_1983 = dict(
    zip(
        "鯵鴬蛎撹竃潅諌頚砿蕊靭賎壷砺梼涛迩蝿桧侭薮篭",
        "鰺鶯蠣攪竈灌諫頸礦蘂靱賤壺礪檮濤邇蠅檜儘藪籠",
        strict=True,
    )
)
_MOVED_1983 = {"尭": "堯", "槙": "槇", "遥": "遙", "瑶": "瑤"}
_OLD_SYMBOLS = 14
TWINS = tuple(zip("〜‖−—¦¢£¬", "～∥－―￤￠￡￢", strict=True))
"""Two code points for one character of the standard: JIS's own and Windows'. Both are written; the first is read."""
_JIS = {"―": "—", "～": "〜", "∥": "‖", "－": "−"}
"""Python says ― (U+2015) for 1-29 where JIS X 0213, glibc and IBM say — (U+2014)."""


class Edition(IntEnum):
    """「版」 Of JIS X 0208 (before 1987: JIS C 6226)."""

    JIS78 = 1978
    JIS83 = 1983
    JIS90 = 1990


@cache
def kanji_grid(edition: Edition) -> Mapping[tuple[int, int], str]:
    """(row, cell), both from 1 to 94 → character."""
    grid = {(row, cell): char for row in range(1, 95) for cell in range(1, 95) if (char := _char(row, cell))}
    if edition is Edition.JIS83:
        del grid[84, 5], grid[84, 6]
    return _as_in_1978(grid) if edition is Edition.JIS78 else grid


def _char(row: int, cell: int) -> str:
    try:
        char = bytes((0xA0 + row, 0xA0 + cell)).decode("euc_jp")
    except UnicodeDecodeError:
        return ""
    return _JIS.get(char, char)


def _as_in_1978(grid: Mapping[tuple[int, int], str]) -> dict[tuple[int, int], str]:
    old = _MOVED_1983 | _SWAPPED_1983 | {later: first for first, later in _SWAPPED_1983.items()}
    new_rows = {8, 84}
    return {
        (row, cell): old.get(char, char)
        for (row, cell), char in grid.items()
        if row not in new_rows and not (row == 2 and cell > _OLD_SYMBOLS)
    }


def twins(codes: Mapping[str, int], others: str = "") -> dict[str, int]:
    """The second code point of characters whose first has a code. `others`: what has another code already."""
    found = {}
    for one, other in TWINS:
        for have, lack in ((one, other), (other, one)):
            if have in codes and lack not in codes and lack not in others:
                found[lack] = codes[have]
    return found
