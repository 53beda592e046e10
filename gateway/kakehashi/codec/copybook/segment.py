"""「セグメント」 Which of the groups that redefine one another a record holds."""

from __future__ import annotations

from collections.abc import Container

from kakehashi.codec.copybook.record import Values

__all__ = ["key_of", "segment_of"]


def key_of(name: str) -> str:
    """A name as values have it."""
    return name.upper().replace("-", "_")


def segment_of(values: Values, names: Container[str]) -> tuple[str, Values]:
    """The first of these names in a record, and the group that holds it: the record itself, or its root.

    "" and the record where there is none.
    """
    for group in (values, *(value for value in values.values() if isinstance(value, dict))):
        name = next((name for name in group if name in names), "")
        if name:
            return name, group
    return "", values
