"""「合成文字」 Text as a charset's characters: one code may mean several code points (か゚, 葛 with its selector)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

__all__ = ["characters", "splitter", "unbreakable", "width_units", "written"]

_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNIT = re.compile(f".[\u0300-\u036f\u3099\u309a{_SELECTORS}]*", re.DOTALL)
_UNIT_AND_MARK = re.compile(f".[\u0300-\u036f\u3099\u309a{_SELECTORS}]*[ﾞﾟ]?", re.DOTALL)


def width_units(text: str) -> list[str]:
    """What counts as one character of width: a base with its marks and its variation selector (IVS)."""
    return _UNIT.findall(text)


def unbreakable(text: str) -> list[str]:
    """Where text may be cut: as `width_units`, with the voicing mark ﾞ or ﾟ after half-width kana."""
    return _UNIT_AND_MARK.findall(text)


def splitter(known: Iterable[str]) -> Callable[[str], Iterable[str]]:
    """A function that cuts text into characters of a charset; code points one by one where it has no longer ones."""
    longer = [text for text in known if len(text) > 1]
    if not longer:
        return iter
    return partial(characters, most=max(map(len, longer)), longer=frozenset(longer))


def characters(text: str, *, most: int, longer: frozenset[str]) -> Iterator[str]:
    """The longest character that the charset has, from each place on."""
    at = 0
    while at < len(text):
        found = next((text[at : at + size] for size in range(most, 1, -1) if text[at : at + size] in longer), text[at])
        yield found
        at += len(found)


def written(text: str, codes: Mapping[str, bytes], cut: Callable[[str], Iterable[str]]) -> tuple[bytes, int | None]:
    """The bytes, and the index of the first code point that `codes` lacks."""
    parts, at = [], 0
    for char in cut(text):
        code = codes.get(char)
        if code is None:
            return b"", at
        parts.append(code)
        at += len(char)
    return b"".join(parts), None
