"""Many records at once, column by column: the fast path of every format.

A column is one occurrence of one item over many records. It is read as a whole; only where that fails are its values
read one by one, so that the fault has its exact place and the other records their values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from kakehashi.codec.cells import FEW
from kakehashi.codec.item_codec import ItemCodec
from kakehashi.codec.item_types import compile_item
from kakehashi.codec.layout import Item, Layout, Record, Value
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Column", "Columns", "Damage", "columns_of"]

Damage = dict[int, list[tuple[int, Fault]]]
"""Record index → (column index, fault whose offset counts from the start of the item's bytes)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One occurrence (0-based) of an item, and where it starts in a fixed record."""

    item: Item
    occurrence: int
    start: int
    codec: ItemCodec


class Columns:
    """The columns of one record type, in the order of its items."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self._codecs = tuple(column.codec for column in columns)
        self._repeats = [column.item.repeat for column in columns if column.occurrence == 0]
        self._flat = all(repeat == 1 for repeat in self._repeats)

    def read(
        self, raws: Sequence[Sequence[bytes]], *, only: Collection[str] | None = None
    ) -> tuple[list[Sequence[Value]], Damage]:
        """Values per item, and what is wrong. A value that cannot be read is None and its record is in the damage.

        `only`: names of the items that are wanted; the others are not looked at and have no values.
        """
        damage: Damage = {}
        values: list[Sequence[Value]] = []
        if not raws or not raws[0]:
            return [[] for _ in self._repeats], damage
        for index, codec in enumerate(self._codecs):
            if only is not None and self.columns[index].item.name not in only:
                values.append(())
                continue
            values.append(_read(codec, raws[index], index, damage))
        return (values if self._flat else self._folded(values)), damage

    def _folded(self, values: list[Sequence[Value]]) -> list[Sequence[Value]]:
        """The occurrences of one item as tuples."""
        folded: list[Sequence[Value]] = []
        at = 0
        for repeat in self._repeats:
            folded.append(values[at] if repeat == 1 else list(zip(*values[at : at + repeat], strict=True)))
            at += repeat
        return folded

    def unfold(self, row: Sequence[Value]) -> list[Value]:
        """One value per column, from one per item: the way back. Missing occurrences are None."""
        flat: list[Value] = []
        for value, repeat in zip(row, self._repeats, strict=True):
            if repeat == 1:
                flat.append(value)
            else:
                some = value if isinstance(value, tuple) else (value,)
                if len(some) > repeat:
                    raise InputError(Fault("DEC-018", facts={"length": len(some), "most": repeat}))
                flat.extend(some + (None,) * (repeat - len(some)))
        return flat

    def fault(self, index: int, fault: Fault, start: int) -> Fault:
        """The fault of a column with its item's name and the offset from wherever `start` counts."""
        column = self.columns[index]
        facts = dict(fault.facts) | ({"occurrence": column.occurrence + 1} if column.item.repeat > 1 else {})
        return Fault(fault.code, Place(item=column.item.name, offset=start + (fault.place.offset or 0)), facts)


def _read(codec: ItemCodec, raws: Sequence[bytes], index: int, damage: Damage) -> Sequence[Value]:
    if len(raws) >= FEW:
        try:
            return codec.read_all(raws)
        except (InputError, ValueError, ArithmeticError):
            pass  # at least one is wrong
    values: list[Value] = []
    for row, raw in enumerate(raws):
        try:
            values.append(codec.read(raw))
        except InputError as error:
            values.append(None)
            damage.setdefault(row, []).append((index, error.fault))
    return values


def columns_of(record: Record, layout: Layout, *, varying: bool, measure: Callable[[bytes], int] = len) -> Columns:
    """The columns of a record type. Of a required item that repeats, the first occurrence is required.

    Items that are alike share a codec, and so what it remembers.

    Raises InputError CFG-006 for an unknown charset.
    """
    columns = []
    compiled = cache(
        partial(
            compile_item,
            charset=layout.charset,
            shift=layout.shift,
            varying=varying,
            measure=measure,
            gaiji=layout.gaiji,
        )
    )
    for item in record.items:
        alike = replace(item, name="", start=0, repeat=1, note="", sensitive=False)
        codec, more = compiled(alike), compiled(replace(alike, required=False))
        step = 1 if varying else item.length
        columns += [Column(item, n, item.start + n * step, more if n else codec) for n in range(item.repeat)]
    return Columns(columns)
