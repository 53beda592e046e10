"""「縮退候補」 What could stand for a character that a repertoire lacks, ranked, each with its reason.

For people who write a degrade table; nothing here touches a record. The sources are facts of the Unicode database that
comes with Python, codes that JIS and CP932 share, and pairs of forms (異体字) that JIS X 0213 has one of.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from kakehashi.mapping.repertoire import is_inside

__all__ = ["Candidate", "candidates", "outside_of"]

_PAIRS = "髙高 淸清 悅悦 敎教 靑青 閒間 昻昂 鈆鉛 羡羨 凬風 蠇蠣"
_FORMS = {pair[0]: pair[1] for pair in _PAIRS.split()}
"""Left the form that CP932 has and JIS X 0213 has not, right the form that it has."""
_SHARED_ROWS = frozenset((0x81, 0x82, 0x83, 0x84))
"""First bytes under which CP932 and Shift_JIS-2004 mean the same characters, if by other code points."""


class Candidate(NamedTuple):
    """`rank` counts from 1, the best first."""

    rank: int
    text: str
    reason: str


def candidates(character: str, *, takes: Callable[[str], bool] = is_inside) -> list[Candidate]:
    """What `takes` takes in place of a character (with its selector or mark), best first; empty: people must look."""
    found: dict[str, str] = {}
    for text, reason in _proposed(character):
        if text != character and takes(text):
            found.setdefault(text, reason)
    return [Candidate(rank, text, reason) for rank, (text, reason) in enumerate(found.items(), start=1)]


def outside_of(charset: str) -> list[str]:
    """The characters of one of Python's two-byte charsets that the repertoire lacks, in the order of their codes."""
    found = {}
    for code in range(0x8140, 0xFFFF):
        try:
            text = code.to_bytes(2, "big").decode(charset)
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and unicodedata.category(text) not in {"Co", "Cc"} and not is_inside(text):
            found[text] = code
    return list(found)


def _proposed(character: str) -> Iterator[tuple[str, str]]:
    base = character[0]
    if len(character) > 1:
        yield base, "the same character without its selector or mark"
    shared = _by_shared_code(base)
    if shared:
        yield shared, "the same code in JIS X 0208"
    kind, decomposed = _decomposition(base)
    if decomposed and not kind:
        yield decomposed, "canonically equivalent in Unicode"
    if base in _FORMS:
        yield _FORMS[base], "the form of the same character that JIS X 0213 has"
    if decomposed and kind:
        yield decomposed, f"compatible in Unicode ({kind.strip('<>')})"
    value = unicodedata.numeric(base, None)
    if value is not None and value in _numerals():
        yield _numerals()[value], "the same number"


def _decomposition(char: str) -> tuple[str, str]:
    """(kind, text): the kind is empty where both are the same character for Unicode."""
    points = unicodedata.decomposition(char).split()
    kind = points.pop(0) if points and points[0].startswith("<") else ""
    return kind, "".join(chr(int(point, 16)) for point in points)


def _by_shared_code(char: str) -> str | None:
    try:
        raw = char.encode("cp932")
        return raw.decode("shift_jis_2004") if len(raw) > 1 and raw[0] in _SHARED_ROWS else None
    except UnicodeError:
        return None


@cache
def _numerals() -> dict[float, str]:
    """Kanji of JIS X 0208 that are plain numerals."""
    return {unicodedata.numeric(char): char for char in "〇一二三四五六七八九十百千万億兆"}
