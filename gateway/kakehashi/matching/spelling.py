"""「表記ゆれ」 Spellings brought together for comparison alone: what is stored or sent is never changed by it.

Declared, in this order: width (half-width kana, full-width letters and digits; compatibility forms), variation
selectors dropped, old and new forms and gaiji variants by table, Hiragana as Katakana, small kana as large, hyphens and
spaces dropped, letters without case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Spelling"]

_SELECTORS = dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_KANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_DROPPED = dict.fromkeys(map(ord, " \u3000・･,.'’-‐‑‒–—―−＝=/"))


@dataclass(frozen=True, slots=True)
class Spelling:
    """`variants`: a character and the one that it is compared as, such as 髙 and 高."""

    variants: Mapping[str, str] = field(default_factory=dict)
    _folds: dict[int, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._folds.update({ord(one): self._last(one) for one in self.variants})

    def _last(self, character: str) -> str:
        """The end of a chain of variants; a circle ends where it began."""
        seen = {character}
        while (following := self.variants.get(character, character)) not in seen:
            seen.add(following)
            character = following
        return character

    def folded(self, text: str) -> str:
        """Width, selectors and variants only."""
        if text.isascii():
            return text
        plain = text.translate(_SELECTORS)
        return unicodedata.normalize("NFKC", plain.translate(self._folds)).translate(self._folds)

    def name(self, text: str) -> str:
        """A name, written in kanji, kana or letters."""
        return self.kana(self.folded(text).translate(_DROPPED)).casefold()

    def kana(self, text: str) -> str:
        """Hiragana as Katakana, small kana as large."""
        return text.translate(_KANA).translate(_LARGE)
