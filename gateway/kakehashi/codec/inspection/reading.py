"""Bytes as characters for people: what is no character becomes a mark and is told, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kakehashi.errors import InputError

__all__ = ["Legible", "legible", "marks_of", "printable"]

_DOT = "·"
_MOST = 4096


class Legible(NamedTuple):
    """`unread`: the codes that are no characters, in order; `places`: where each begins."""

    text: str
    unread: tuple[bytes, ...] = ()
    places: tuple[int, ...] = ()


def marks_of(encode: Callable[[str], bytes]) -> tuple[bytes, ...]:
    """What may stand for a character that cannot be read: 〓 without its shift codes, or ?, one byte after another."""
    found = []
    for mark in ("〓", "?"):
        try:
            raw = encode(mark)
        except (InputError, ValueError):
            continue
        found.append(raw if len(raw) <= 3 else raw[(len(raw) - 2) // 2 :][:2])
    return tuple(found)


def legible(read: Callable[[bytes], str], raw: bytes, marks: Sequence[bytes]) -> Legible:
    """`raw` as far as `read` takes it. Each code that it refuses is replaced by the first mark that it takes there."""
    unread: dict[int, bytes] = {}
    given, at = raw[:_MOST], -1
    while True:
        text, wrong = _tried(read, given)
        if text is not None:
            return Legible(printable(text), tuple(unread.values()), tuple(unread))
        if wrong <= at:
            return Legible(_DOT * len(raw), tuple(unread.values()), tuple(unread))
        at = wrong
        for mark in marks:
            trial = given[:at] + mark + given[at + len(mark) :]
            after = _tried(read, trial)
            if len(trial) == len(given) and (after[0] is not None or after[1] > at):
                unread[at] = given[at : at + len(mark)]
                given = trial
                break


def _tried(read: Callable[[bytes], str], raw: bytes) -> tuple[str | None, int]:
    """The text, or where it cannot be read."""
    try:
        return read(raw), 0
    except InputError as error:
        return None, error.fault.place.offset or 0


def printable(text: str) -> str:
    """Nothing that a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "　" else _DOT for c in text)
