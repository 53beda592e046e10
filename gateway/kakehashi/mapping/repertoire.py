"""「文字集合」 What the server takes: JIS X 0213:2012, asked of Python's `shift_jis_2004` (domain.md §9).

Not `euc_jis_2004`, which takes JIS X 0212 too. IVS are kept: a selector behind a kanji is part of it. A character
outside is replaced by the declared substitute 「縮退」 and counted, or the text is refused. Never NFC or NFKC.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from kakehashi.domain.character import code_points
from kakehashi.errors import InputError
from kakehashi.mapping.step import refusal

__all__ = ["ORACLE", "Repertoire", "Substitution", "is_inside", "is_plain"]

Substitution: TypeAlias = tuple[str, str]
"""(character with its selector, what stands for it)"""

MOST_NAMED = 8
"""Characters of one text that a refusal names."""
ORACLE = "shift_jis_2004"
"""Python's charset that holds what the server takes; the only one that a profile may name."""
_NOT_PLAIN = bytes(range(0x20)) + b"\x7f&<>"
"""Controls, and what XML must escape. No second byte of Shift_JIS-2004 is among them."""

_CLUSTER = re.compile(
    r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])([\U000e0100-\U000e01ef])|(.\u309a)|(.)", re.DOTALL
)
"""A kanji with its selector, a kana with its combining mark (か゚ is one character of JIS X 0213), or one character."""

_SELECTED = re.compile("([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]")


def is_plain(text: str) -> bool:
    """Whether all of it is inside the repertoire and needs no escape: one pass in C, for a whole batch at once."""
    try:
        raw = text.encode(ORACLE)
    except UnicodeEncodeError:
        return False
    return len(raw.translate(None, _NOT_PLAIN)) == len(raw)


def is_inside(text: str) -> bool:
    """Whether a text without selectors is one that the server takes: in the repertoire, and no controls in it."""
    try:
        raw = text.encode(ORACLE)
    except UnicodeEncodeError:
        return False
    return min(raw, default=0x20) >= 0x20 and "\x7f" not in text


class Repertoire:
    """`degrade` is the declared table 「縮退表」: character → substitute; one that is outside itself does not count."""

    def __init__(self, degrade: Mapping[str, str]) -> None:
        self._degrade = {char: to for char, to in degrade.items() if is_inside(to)}
        self._plain = {
            char: to for char, to in self._degrade.items() if len(char) == 1 and not is_inside(char) and is_plain(to)
        }
        self._substitutes = str.maketrans(self._plain)

    def mend(self, content: str, text: str) -> tuple[str, list[tuple[str, str, str, int]]] | None:
        """The common cases, cheaply: a fragment whose open `text` holds nothing worse than selectors or characters with
        substitutes. Returns it with the substitutes, and (item, character, substitute, times) of each; None where
        `admit` must look at each text.
        """
        plain = _SELECTED.sub(r"\1", text)
        mended = plain.translate(self._substitutes)
        if "\u309a" in text or not is_plain(mended):
            return None
        if mended == plain:
            return content, []
        if plain != text:
            return None
        lost = sorted(at for char in self._plain.keys() & set(text) for at in _positions(content, char))
        losses = Counter((_element_around(content, at), content[at]) for at in lost)
        for char in {content[at] for at in lost}:
            content = content.replace(char, self._plain[char])
        return content, [(item, char, self._plain[char], times) for (item, char), times in losses.items()]

    def admit(self, text: str) -> tuple[str, list[Substitution]]:
        """The text as the server takes it, and what was degraded, in order.

        Raises InputError MAP-004 for characters that have no substitute: `character` has the code points of each,
        `position` where it stands (from 1), the characters between semicolons in both. Of more than MOST_NAMED
        different ones the first are named, lest they tell the text.
        """
        if is_inside(text):
            return text, []
        parts: list[str] = []
        losses: list[Substitution] = []
        outside: dict[str, list[int]] = {}
        for position, (cluster, base) in enumerate(_clusters(text), start=1):
            if is_inside(base):
                parts.append(cluster)
                continue
            substitute = self._degrade.get(cluster, self._degrade.get(base))
            if substitute is not None:
                parts.append(substitute)
                losses.append((cluster, substitute))
            elif cluster in outside or len(outside) < MOST_NAMED:
                outside.setdefault(cluster, []).append(position)
        if outside:
            raise _outside(outside)
        return "".join(parts), losses


def _outside(found: Mapping[str, Sequence[int]]) -> InputError:
    places = "; ".join(", ".join(map(str, positions)) for positions in found.values())
    position = int(places) if places.isdecimal() else places
    return refusal("MAP-004", position=position, character="; ".join(map(code_points, found)))


def _positions(text: str, char: str) -> Iterator[int]:
    at = text.find(char)
    while at >= 0:
        yield at
        at = text.find(char, at + 1)


def _element_around(content: str, at: int) -> str:
    """The name of the element whose text stands at `at` in a fragment without nesting."""
    start = content.rindex("<", 0, at) + 1
    return content[start : content.index(">", start)]


def _clusters(text: str) -> Iterator[tuple[str, str]]:
    """(cluster, what of it must be in the repertoire)."""
    for match in _CLUSTER.finditer(text):
        kanji, _selector, combined, single = match.groups()
        if combined and not is_inside(combined):
            yield combined[0], combined[0]
            yield combined[1], combined[1]
        else:
            yield match[0], kanji or combined or single
