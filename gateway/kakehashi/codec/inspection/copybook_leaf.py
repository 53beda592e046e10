"""The elementary items of a copybook and who may see them: items that redefine one another share a fate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kakehashi.codec.copybook.tree import Field
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.span import Privacy

__all__ = ["Leaf", "leaves", "privacies"]


class Leaf(NamedTuple):
    """An elementary item, the last of `chain`, below its groups. `path`: the name that faults give it."""

    path: str
    chain: tuple[Field, ...]


def leaves(field: Field, path: str = "", chain: tuple[Field, ...] = ()) -> Iterator[Leaf]:
    """Those below a record, in order. Names of groups stand before theirs, that of the record does not."""
    path = f"{path}.{field.name}" if path else field.name
    chain = (*chain, field)
    if not field.group:
        yield Leaf(path, chain)
    for child in field.children:
        yield from leaves(child, path if field.level > 1 else "", chain)


def privacies(found: Sequence[Leaf], marks: Marks) -> dict[str, Privacy]:
    """Privacy by path: an item's own, or that of an item in the same bytes."""
    own = [marks.of(leaf.path) for leaf in found]
    by_path: dict[str, Privacy] = {}
    private = [(leaf, privacy) for leaf, privacy in zip(found, own, strict=True) if privacy > Privacy.OPEN]
    for leaf, privacy in zip(found, own, strict=True):
        shared = max((theirs for other, theirs in private if _redefine(leaf, other)), default=Privacy.OPEN)
        by_path[leaf.path] = max(privacy, shared, by_path.get(leaf.path, Privacy.OPEN))
    return by_path


def _redefine(one: Leaf, other: Leaf) -> bool:
    """Whether both may stand in the same bytes."""
    depth = next(
        (n for n, pair in enumerate(zip(one.chain, other.chain, strict=False)) if pair[0] is not pair[1]), None
    )
    if depth is None or not _overlap(one.chain[depth], other.chain[depth]):
        return False
    return _overlap(_extent(one.chain[depth:]), _extent(other.chain[depth:]))


def _extent(chain: Sequence[Field]) -> Field:
    """What all occurrences of an item lie in."""
    return next((field for field in chain if field.occurs), chain[-1])


def _overlap(one: Field, other: Field) -> bool:
    return one.offset < other.offset + other.size and other.offset < one.offset + one.size
