"""「レコードの形」 Records of the same shape: of one length, and alike in what the items say that others depend on.

REDEFINES with a selector and OCCURS DEPENDING ON make records differ; those of one shape are read column by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from kakehashi.codec.copybook.dicts import Dicts, dicts_of
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.node import Part, Seen
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.codec.copybook.state import ReadingMany
from kakehashi.codec.framing import Strided
from kakehashi.errors import InputError

__all__ = ["Ask", "Shape", "Shapes"]

_MOST = 1000
"""Shapes that are kept; records of any other are read by themselves."""


class Ask(NamedTuple):
    """An item that others depend on, and where it stands in all records of a shape."""

    name: str
    start: int
    length: int
    leaf: Leaf


class Shape:
    """What is settled so far. `asks`: the items that tell more; none left, and it is `final` or cannot be settled."""

    __slots__ = ("asks", "dicts", "final", "known", "next", "part", "reach")

    def __init__(self, part: Part, known: Seen, asks: tuple[Ask, ...]) -> None:
        self.part = part
        self.known = known
        self.asks = asks
        self.reach = max((ask.start + ask.length for ask in asks), default=0)
        """Bytes that a record must have for all of them."""
        self.final = not asks and part.uniform and bool(part.keys)
        self.dicts: Dicts = dicts_of(part.keys if self.final else ())
        self.next: dict[tuple[Scalar, ...], Shape | None] = {}


_Group: TypeAlias = "tuple[Shape, Sequence[int]]"


class Shapes:
    """Of one copybook. `selectors` are asked first. Thread-safe."""

    def __init__(self, part: Part, selectors: Sequence[Ask]) -> None:
        alike = len({ask.name for ask in selectors}) < len(selectors)
        self._root = Shape(part, {}, () if alike else tuple(selectors) or _asks(part, {}))
        self._room = _MOST
        self.differ = bool(self._root.asks)
        self.some = self._root.final or self.differ
        """Whether there can be records of the same shape."""

    def of(self, raw: bytes) -> Shape | None:
        """The shape that a record has which begins there; None: only reading it tells."""
        shape: Shape | None = self._root
        while shape is not None and shape.asks:
            if len(raw) < shape.reach:
                return None
            try:
                values = tuple(ask.leaf.read(raw[ask.start : ask.start + ask.length]) for ask in shape.asks)
            except InputError:
                return None
            shape = self._next(shape, values)
        return shape if shape is not None and shape.final else None

    def groups(self, raws: Sequence[bytes]) -> Iterator[_Group]:
        """Indexes of records of one shape. Those that are in none must be read by themselves."""
        left = [(self._root, indexes) for indexes in _by_length(raws)]
        while left:
            shape, indexes = left.pop()
            if shape.asks:
                left += self._parted(shape, indexes, raws)
            elif shape.final and (shape.part.size or 0) <= len(raws[indexes[0]]):
                yield shape, indexes

    def _parted(self, shape: Shape, indexes: Sequence[int], raws: Sequence[bytes]) -> Iterator[_Group]:
        stride = len(raws[indexes[0]])
        if stride < shape.reach:
            return
        state = ReadingMany(b"".join([raws[index] for index in indexes]), stride=stride)
        columns = [state.column(ask.leaf, ask.start, ask.length) for ask in shape.asks]
        parted: dict[tuple[Scalar, ...], list[int]] = {}
        for at, (index, values) in enumerate(zip(indexes, zip(*columns, strict=True), strict=True)):
            if at not in state.bad:
                parted.setdefault(values, []).append(index)
        for values, own in parted.items():
            after = self._next(shape, values)
            if after is not None:
                yield after, own

    def _next(self, shape: Shape, values: tuple[Scalar, ...]) -> Shape | None:
        if values in shape.next:
            return shape.next[values]
        if self._room <= 0:
            return None
        self._room -= 1
        known = {**shape.known, **{ask.name: value for ask, value in zip(shape.asks, values, strict=True)}}
        try:
            part = shape.part.settled(known)
        except InputError:
            after = None  # a value that none has: reading the record says so
        else:
            after = Shape(part, known, _asks(part, known))
        shape.next[values] = after
        return after


def _by_length(raws: Sequence[bytes]) -> Iterable[Sequence[int]]:
    if isinstance(raws, Strided) and not len(raws.data) % raws.length:
        return (range(len(raws)),)
    lengths: dict[int, list[int]] = {}
    for index, raw in enumerate(raws):
        lengths.setdefault(len(raw), []).append(index)
    return lengths.values()


def _asks(part: Part, known: Seen) -> tuple[Ask, ...]:
    """What is not known yet, at places that are. Of two items of one name nobody here knows which counts."""
    asked = [Ask(name, at, node.size or 0, node.leaf) for name, at, node in part.asked(0)]
    if len({ask.name for ask in asked}) < len(asked):
        return ()
    return tuple(ask for ask in asked if ask.name not in known)
