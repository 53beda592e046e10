"""Counts and control totals 「件数・合計」: what trailer or header say against what the file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from kakehashi.codec.layout import Control, Layout, Value
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.errors import Fault, Place

__all__ = ["Controls"]


class Controls:
    """Adds up while a file is read; compares at the end.

    Where an item that is summed cannot be read in some record, that total cannot be known: it is not compared, because
    the record is refused by itself.
    """

    def __init__(self, layout: Layout, plans: Mapping[str, RecordPlan]) -> None:
        self._controls = layout.controls
        self._plans = plans
        self._data = plans[layout.data.name]
        names = [item.name for item in layout.data.items]
        self._summed = {c.sum_of: names.index(c.sum_of) for c in layout.controls if c.sum_of is not None}
        self._totals: dict[str, int | Decimal | None] = dict.fromkeys(self._summed, 0)
        self._said: dict[str, tuple[tuple[Value, ...], int]] = {}

    def add(self, payloads: Sequence[bytes]) -> None:
        """Data records."""
        if not self._summed or not payloads:
            return
        exploded = self._data.explode(payloads)
        values, damage = self._data.columns.read(exploded.columns)
        bad = {self._data.columns.columns[at].item.name for faults in damage.values() for at, _ in faults}
        for name, index in self._summed.items():
            total = self._totals[name]
            if total is None or name in bad or exploded.refused:
                self._totals[name] = None
            else:
                self._totals[name] = total + sum(map(_number, values[index]))

    def add_unknown(self) -> None:
        """A record that nobody could tell from data: what it would have added is unknown."""
        self._totals = dict.fromkeys(self._totals)

    def said(self, record: str, row: tuple[Value, ...], start: int) -> None:
        """A header or trailer that starts at `start` of the file; the last of its kind counts."""
        self._said[record] = (row, start)

    def faults(self, *, records: int, file: str) -> list[Fault]:
        """Where count or total differ, with both numbers."""
        found: list[Fault] = []
        for control in self._controls:
            if control.record in self._said:
                row, start = self._said[control.record]
                found += self._compare(control, row, records, file=file, start=start)
        return found

    def _compare(self, control: Control, row: Sequence[Value], records: int, *, file: str, start: int) -> list[Fault]:
        items = self._plans[control.record].record.items
        index = next(index for index, item in enumerate(items) if item.name == control.item)
        expected = _number(row[index])
        actual = records if control.sum_of is None else self._totals[control.sum_of]
        if actual is None or actual == expected:
            return []
        place = Place(file=file, item=control.item, offset=start + items[index].start)
        code = "DEC-010" if control.sum_of is None else "DEC-011"
        return [Fault(code, place, {"declared": str(expected), "counted": str(actual)})]


def _number(value: Value) -> int | Decimal:
    """What a value adds to a total: digits kept as text are a number, nothing is zero, repeated items add up."""
    if isinstance(value, tuple):
        return sum(map(_number, value))
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else 0
    return value if isinstance(value, int | Decimal) else 0
