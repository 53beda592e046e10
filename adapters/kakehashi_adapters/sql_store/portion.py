"""Long lists in portions: a statement takes only so many parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["PORTION", "portions"]

T = TypeVar("T")

PORTION = 500


def portions(items: Iterable[T], size: int = PORTION) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
