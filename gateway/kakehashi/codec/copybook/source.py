"""The text of a copybook without its form: columns, sequence numbers, comments and continuation are taken away.

Fixed form holds its text in columns 8–72 and an indicator in column 7; columns are bytes, so a full-width character of
a Japanese name takes two. Free form holds text anywhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from unicodedata import east_asian_width

from kakehashi.codec.copybook.problem import Position, problem

__all__ = ["Source", "read_source"]

_LONGEST = 4_000_000
_ENTRY = re.compile(r"\s*(?:\d{1,2}|COPY)\s+\S", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\s*(?:>>|\$SET\b|(?:EJECT|SKIP[123]|TITLE\b.*|CBL\b.*|PROCESS\b.*)\s*\.?\s*$)", re.IGNORECASE)
_FORMAT = re.compile(r"SOURCE\s*-?FORMAT\s*(?:IS\s*)?[\"'(]?\s*(FREE|FIXED|VARIABLE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """Plain text and where each of its pieces came from."""

    text: str
    starts: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    member: str | None = None

    def at(self, index: int) -> Position:
        piece = max(bisect_right(self.starts, index) - 1, 0)
        if not self.places:
            return Position(1, 1, self.member)
        line, column = self.places[piece]
        return Position(line, column + index - self.starts[piece], self.member)


def read_source(text: str, *, member: str | None = None, columns: tuple[int, int] | None = None) -> Source:
    """`columns`: the first and the last that hold text, without an indicator before them.

    Raises ConfigurationError CFG-013 where a continued literal is not taken up again.
    """
    if len(text) > _LONGEST:
        raise problem(Position(1, 1, member), expected=f"at most {_LONGEST} characters")
    lines = [line.expandtabs(8) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = [line.rstrip("\x1a\f ") for line in lines]
    if columns is not None:
        first, last = columns
        pieces = _free([_columns(line, first - 1, last) for line in lines], first)
    else:
        pieces = _free(lines) if _is_free(lines) else _fixed(lines, member)
    starts = tuple(accumulate((len(piece) for piece, _, _ in pieces), initial=0))[:-1]
    return Source("".join(p for p, _, _ in pieces), starts, tuple((line, col) for _, line, col in pieces), member)


def _is_free(lines: list[str]) -> bool:
    """A directive says so, or some line cannot be fixed form: its column 7 is text, or its entry starts before it."""
    for line in lines:
        if (found := _FORMAT.search(line)) and (">>" in line or "$" in line):
            return found[1].upper() == "FREE"
    return any(
        bool(line[:7].strip()) and ((line[6:7] or " ") not in " *-/dD$" or _ENTRY.match(line[:6]) is not None)
        for line in lines
        if not _DIRECTIVE.match(line) and not line.lstrip().startswith("*")
    )


def _free(lines: list[str], column: int = 1) -> list[tuple[str, int, int]]:
    found = []
    for number, line in enumerate(lines, start=1):
        if not _DIRECTIVE.match(line) and not line.lstrip().startswith("*"):
            found.append((line + "\n", number, column))
    return found


def _fixed(lines: list[str], member: str | None) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for number, line in enumerate(lines, start=1):
        indicator, text = line[6:7], _columns(line)
        if indicator in {"*", "/", "d", "D", "$"} or _DIRECTIVE.match(text) or not text.strip():
            continue
        if indicator == "-" and found:
            _continue(found, text, Position(number, 8, member))
        else:
            found.append((text + "\n", number, 8))
    return found


def _columns(line: str, start: int = 7, stop: int = 72) -> str:
    """Columns 8 to 72 (those behind `start`, up to `stop`), counted in bytes of a Japanese charset."""
    if line.isascii():
        return line[start:stop]
    width, end = start, start
    for char in line[start:]:
        width += 2 if east_asian_width(char) in "WFA" else 1
        if width > stop:
            break
        end += 1
    return line[start:end]


def _continue(found: list[tuple[str, int, int]], text: str, at: Position) -> None:
    """The line goes on with the word or the literal that the line before left open."""
    last, line, column = found[-1]
    last = last[:-1]
    start = len(text) - len(text.lstrip())
    quote = _open_quote(last)
    if quote is None:
        found[-1] = (last.rstrip(), line, column)
    else:
        if text[start : start + 1] != quote:
            raise problem(at._replace(column=8 + start), expected=f"{quote} to take up the literal again")
        found[-1] = (last.ljust(65), line, column)
        start += 1
    found.append((text[start:] + "\n", at.line, 8 + start))


def _open_quote(text: str) -> str | None:
    quote = None
    for char in text:
        if char in "\"'":
            quote = char if quote is None else None if quote == char else quote
    return quote
