"""Words, literals and periods of a copybook, each with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kakehashi.codec.copybook.problem import Position, problem
from kakehashi.codec.copybook.source import Source
from kakehashi.errors import ConfigurationError

__all__ = ["Cursor", "Token", "tokens_of"]

_TOKEN = re.compile(
    r"(?P<blank>[\s,;]+|\*>[^\n]*)"
    r"|(?P<literal>[A-Za-z]{0,2}(?:'(?:[^'\n]|'')*'|\"(?:[^\"\n]|\"\")*\"))"
    r"|(?P<pseudo>==)"
    r"|(?P<word>(?:(?!==)[^\s'\"])+)"
)
_MOST = 500_000


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as written; `word` in upper case, without full-width letters' business: names compare by it."""

    text: str
    at: Position
    literal: bool = False

    @property
    def word(self) -> str:
        return "" if self.literal else self.text.upper()


def tokens_of(source: Source) -> list[Token]:
    """Raises ConfigurationError CFG-013 at a literal without an end."""
    found: list[Token] = []
    at = 0
    text = source.text
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise problem(source.at(at), expected="a closing quotation mark")
        at = match.end()
        match match.lastgroup:
            case "literal":
                found.append(Token(match[0], source.at(match.start()), literal=True))
            case "pseudo":
                found.append(Token("==", source.at(match.start())))
            case "word":
                found += _word(match[0], match.start(), source)
            case _:
                pass
        if len(found) > _MOST:
            raise problem(source.at(at), expected=f"at most {_MOST} words")
    return found


def _word(text: str, start: int, source: Source) -> list[Token]:
    """A word, and the period that ends an entry."""
    body = text.rstrip(",;")
    ended = body.endswith(".")
    body = body[:-1] if ended else body
    found = [Token(body, source.at(start))] if body else []
    return [*found, Token(".", source.at(start + len(body)))] if ended else found


@dataclass(slots=True)
class Cursor:
    """Reads tokens one by one; knows where it is when something is missing."""

    tokens: Sequence[Token]
    end: Position
    index: int = field(default=0)

    @property
    def word(self) -> str:
        """The next word in upper case; empty at the end and before a literal."""
        return self.tokens[self.index].word if self.index < len(self.tokens) else ""

    @property
    def more(self) -> bool:
        return self.index < len(self.tokens)

    def accept(self, *words: str) -> bool:
        """Step over the next word if it is one of these."""
        if self.word and self.word in words:
            self.index += 1
            return True
        return False

    def take(self, expected: str) -> Token:
        if not self.more or self.word == ".":
            raise self.fail(expected)
        self.index += 1
        return self.tokens[self.index - 1]

    def name(self, expected: str) -> str:
        token = self.take(expected)
        if token.literal:
            self.index -= 1
            raise self.fail(expected)
        return token.word

    def number(self, expected: str, *, most: int) -> int:
        token = self.take(expected)
        if not token.word.isascii() or not token.word.isdigit() or len(token.word) > 9 or int(token.word) > most:
            self.index -= 1
            raise self.fail(f"{expected} of at most {most}")
        return int(token.word)

    def fail(self, expected: str) -> ConfigurationError:
        if not self.more:
            return problem(self.end, expected=expected, found="end of text")
        token = self.tokens[self.index]
        return problem(token.at, expected=expected, found=token.text)
