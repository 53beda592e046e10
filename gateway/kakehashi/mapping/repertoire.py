"""「文字集合」 What the server takes: JIS X 0213:2012, asked of Python's `shift_jis_2004` (domain.md §9).

Not `euc_jis_2004`, which takes JIS X 0212 too. IVS are kept: a selector behind a kanji is part of it. A character
outside is replaced by the declared substitute 「縮退」 and counted, or the text is refused. Never NFC or NFKC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kakehashi.mapping.step import refusal

__all__ = ["Repertoire", "is_plain"]

_ORACLE = "shift_jis_2004"
_NOT_PLAIN = bytes(range(0x20)) + b"\x7f&<>"
"""Controls, and what XML must escape. No second byte of Shift_JIS-2004 is among them."""

_CLUSTER = re.compile(
    r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])([\U000e0100-\U000e01ef])|(.\u309a)|(.)", re.DOTALL
)
"""A kanji with its selector, a kana with its combining mark (か゚ is one character of JIS X 0213), or one character."""


def is_plain(text: str) -> bool:
    """Whether all of it is inside the repertoire and needs no escape: one pass in C, for a whole batch at once."""
    try:
        raw = text.encode(_ORACLE)
    except UnicodeEncodeError:
        return False
    return len(raw.translate(None, _NOT_PLAIN)) == len(raw)


def _inside(text: str) -> bool:
    try:
        raw = text.encode(_ORACLE)
    except UnicodeEncodeError:
        return False
    return min(raw, default=0x20) >= 0x20 and "\x7f" not in text


@dataclass(frozen=True, slots=True)
class Repertoire:
    """`degrade` is the declared table 「縮退表」: character → substitute."""

    degrade: Mapping[str, str]

    def admit(self, text: str) -> tuple[str, int]:
        """The text as the server takes it, and how many characters were degraded.

        Raises InputError MAP-004 with the position (from 1) of the first character that has no substitute.
        """
        if _inside(text):
            return text, 0
        parts: list[str] = []
        losses = 0
        for position, (cluster, base) in enumerate(_clusters(text), start=1):
            if _inside(base):
                parts.append(cluster)
                continue
            substitute = self.degrade.get(cluster, self.degrade.get(base))
            if substitute is None:
                raise refusal("MAP-004", position=position)
            parts.append(substitute)
            losses += 1
        return "".join(parts), losses


def _clusters(text: str) -> Iterator[tuple[str, str]]:
    """(cluster, what of it must be in the repertoire)."""
    for match in _CLUSTER.finditer(text):
        kanji, _selector, combined, single = match.groups()
        if combined and not _inside(combined):
            yield combined[0], combined[0]
            yield combined[1], combined[1]
        else:
            yield match[0], kanji or combined or single
