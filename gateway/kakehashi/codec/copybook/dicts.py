"""Columns of values → a dictionary a record, by a function made for its keys: it fills a copy of one that has them all.

A third quicker than `dict(zip(…))` or a display of 30 keys: no dictionary grows, or looks for room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from kakehashi.codec.copybook.state import JsonValue

__all__ = ["Dicts", "dicts_of"]

Dicts: TypeAlias = Callable[[Sequence[Sequence[JsonValue]], int], list[dict[str, JsonValue]]]
"""Columns and the number of records."""


def dicts_of(keys: Sequence[str]) -> Dicts:
    """What makes dictionaries with these keys, in this order; of a key that is there twice the later value holds."""
    if not keys:
        return lambda _, count: [{} for _ in range(count)]
    names = [f"v{at}" for at in range(len(keys))]
    lines = [
        "def dicts(columns, count):",
        "    made = []",
        f"    for {', '.join(names)}, in zip(*columns, strict=True):",
        "        made.append(each := blank())",
        *(f"        each[{key!r}] = {name}" for key, name in zip(keys, names, strict=True)),
        "    return made",
    ]
    scope: dict[str, Dicts] = {"blank": dict.fromkeys(keys).copy}  # type: ignore[dict-item]  # what the function needs
    exec("\n".join(lines), scope)  # noqa: S102  # nothing of a copybook goes in but its names, as literals
    return scope["dicts"]
