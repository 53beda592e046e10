"""COPY member REPLACING …: members come from one folder and never from outside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kakehashi.codec.copybook.problem import Position, problem
from kakehashi.codec.copybook.source import read_source
from kakehashi.codec.copybook.token import Cursor, Token, tokens_of

__all__ = ["Library", "decoded"]

_SUFFIXES = ("", ".cpy", ".cbl", ".cob", ".copy", ".cpb", ".txt")
_NAME = re.compile(r"[^\W_](?:[\w-]|\.(?!\.))*")
_DEEPEST = 16
_MOST = 500_000

Replacement = tuple[tuple[str, ...], tuple[Token, ...], str]
"""Words that are sought, tokens that take their place, and whether only a part of a word is meant:
"" whole words, LEADING, TRAILING, or WITHIN (`:TAG:`)."""


def decoded(raw: bytes) -> str:
    """Text of a copybook file: UTF-8, or CP932 where it is none."""
    for charset in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


class Library:
    """Expands COPY statements. Without a folder every COPY is an error."""

    def __init__(self, folder: Path | None, columns: tuple[int, int] | None = None) -> None:
        self._folder = folder
        self._columns = columns
        self._count = 0

    def tokens(self, text: str, *, replacing: Mapping[str, str]) -> tuple[list[Token], Position]:
        """All tokens of the text with its members in place, and where the text ends. Raises ConfigurationError."""
        source = read_source(text, columns=self._columns)
        end = source.at(max(len(source.text) - 1, 0))
        found = self._expand(tokens_of(source), end, ())
        return _replaced(found, [_pair(old, new) for old, new in replacing.items()]), end

    def _expand(self, tokens: list[Token], end: Position, open_members: tuple[str, ...]) -> list[Token]:
        if not any(token.word == "COPY" for token in tokens):
            return tokens
        found: list[Token] = []
        cursor = Cursor(tokens, end)
        while cursor.more:
            if cursor.word == "COPY" and (not found or found[-1].word == "." or not _named(found)):
                cursor.index += 1
                found += self._copy(cursor, open_members)
                self._count += len(found)
                if self._count > _MOST:
                    raise cursor.fail(f"copies of at most {_MOST} words in all")
            else:
                found.append(tokens[cursor.index])
                cursor.index += 1
        return found

    def _copy(self, cursor: Cursor, open_members: tuple[str, ...]) -> list[Token]:
        at = cursor.index
        member = cursor.take("the name of a member").text.strip("'\"")
        if cursor.accept("OF", "IN"):
            cursor.take("the name of a library")
        cursor.accept("SUPPRESS")
        cursor.accept("PRINTING")
        replacements = list(_replacing(cursor)) if cursor.accept("REPLACING") else []
        if not cursor.accept("."):
            raise cursor.fail("REPLACING or a period")
        text = self._member(member)
        if text is None or len(open_members) >= _DEEPEST or member.upper() in open_members:
            cursor.index = at
            raise cursor.fail("a member in the folder of the copybook that does not copy itself")
        source = read_source(text, member=member, columns=self._columns)
        end = source.at(max(len(source.text) - 1, 0))
        return _replaced(self._expand(tokens_of(source), end, (*open_members, member.upper())), replacements)

    def _member(self, name: str) -> str | None:
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        wanted = {(name + suffix).lower() for suffix in _SUFFIXES}
        try:
            files = sorted(path for path in self._folder.iterdir() if path.name.lower() in wanted and path.is_file())
            return decoded(files[0].read_bytes()) if files else None
        except OSError:
            return None


def _named(found: Sequence[Token]) -> bool:
    """Whether the word behind these would be a data name: they end in a level number."""
    return found[-1].word.isdigit()


def _replacing(cursor: Cursor) -> Iterator[Replacement]:
    while cursor.more and cursor.word != ".":
        part = "LEADING" if cursor.accept("LEADING") else "TRAILING" if cursor.accept("TRAILING") else ""
        old = _operand(cursor)
        if not cursor.accept("BY"):
            raise cursor.fail("BY")
        new = _operand(cursor)
        if not old or (part and (len(old) > 1 or len(new) > 1)):
            raise cursor.fail("one word to replace by one word")
        yield _replacement(old, new, part)


def _replacement(old: Sequence[Token], new: Sequence[Token], part: str = "") -> Replacement:
    first = old[0].text
    within = len(old) == 1 and len(new) <= 1 and len(first) > 2 and not (first[0] + first[-1]).isalnum()
    return tuple(_key(token) for token in old), tuple(new), part or ("WITHIN" if within and not old[0].literal else "")


def _pair(old: str, new: str) -> Replacement:
    """A replacement that a caller gives as two texts."""
    parts = tokens_of(read_source(">>SOURCE FORMAT FREE\n" + old))
    if not parts:
        raise problem(Position(1, 1), expected="a word to replace")
    return _replacement(parts, tokens_of(read_source(">>SOURCE FORMAT FREE\n" + new)))


def _operand(cursor: Cursor) -> list[Token]:
    if not cursor.accept("=="):
        return [cursor.take("a word or pseudo-text between ==")]
    found: list[Token] = []
    while not cursor.accept("=="):
        if not cursor.more:
            raise cursor.fail("== that ends the pseudo-text")
        found.append(cursor.tokens[cursor.index])
        cursor.index += 1
    return found


def _key(token: Token) -> str:
    return token.text if token.literal else token.word


def _replaced(tokens: list[Token], replacements: Sequence[Replacement]) -> list[Token]:
    if not replacements:
        return tokens
    keys = [_key(token) for token in tokens]
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        for old, new, part in replacements:
            if not part and tuple(keys[at : at + len(old)]) == old:
                found += [Token(token.text, tokens[at].at, token.literal) for token in new]
                at += len(old)
                break
        else:
            found.append(_partly(tokens[at], replacements))
            at += 1
    return found


def _partly(token: Token, replacements: Sequence[Replacement]) -> Token:
    """The first replacement of a part of the word that fits."""
    if token.literal:
        return token
    word = token.word
    for (old, *_), new, part in replacements:
        by = new[0].text if new else ""
        if part == "WITHIN" and old in word:
            return Token(word.replace(old, by), token.at)
        if part == "LEADING" and word.startswith(old):
            return Token(by + word[len(old) :], token.at)
        if part == "TRAILING" and word.endswith(old):
            return Token(word[: len(word) - len(old)] + by, token.at)
    return token
