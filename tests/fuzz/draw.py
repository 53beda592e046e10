"""Choices made from bytes: the engine changes the bytes, and so finds other copybooks, layouts, formats and data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Takes bytes from the front. Behind the last one every choice is the first."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def number(self, least: int, most: int) -> int:
        """Of a range of at most 256 numbers."""
        (byte,) = self.take(1) or b"\0"
        return least + byte % (most - least + 1)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.number(0, len(choices) - 1)]

    def flag(self) -> bool:
        return bool(self.number(0, 1))

    def take(self, size: int) -> bytes:
        taken = self._raw[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._raw))
