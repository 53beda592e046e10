"""「文字」 One character as people write of it: the code points of a base, its marks and its selector."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["CharacterTrouble", "character_of", "code_points"]


class CharacterTrouble(StrEnum):
    """「文字の記録」 What became of a character that did not go through as it was.

    unmapped 「未登録外字」: a code of the source that is no character, the record is held;
    outside 「送信不可文字」: the server does not take it and no substitute is declared, the record is held;
    degraded 「縮退」: sent as its declared substitute;
    returned 「返却時縮退」: written into a result as its declared substitute;
    cut 「切捨て」: the end of a text that was too long for an item which the layout lets be cut.
    """

    UNMAPPED = "unmapped"
    OUTSIDE = "outside"
    DEGRADED = "degraded"
    RETURNED = "returned"
    CUT = "cut"


def code_points(text: str) -> str:
    """`U+8FBB U+E0103`"""
    return " ".join(f"U+{ord(char):04X}" for char in text)


def character_of(points: str) -> str:
    """The way back, also from `8FBB E0103`. Raises ValueError for what is no code point."""
    text = "".join(chr(int(point.upper().removeprefix("U+"), 16)) for point in points.split())
    text.encode()
    return text
