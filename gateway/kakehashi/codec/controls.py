"""Counts and control totals 「件数・合計」: what trailer or header say against what the file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kakehashi.codec.layout import Control, Layout, Role, Value
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.errors import Fault, Place

__all__ = ["Controls"]


@dataclass(slots=True)
class _Tally:
    """Sums by item (None: unknown), and how many data records came before."""

    totals: dict[str, int | Decimal | None]
    before: int = 0

    def restart(self, records: int) -> None:
        self.totals = dict.fromkeys(self.totals, 0)
        self.before = records


class Controls:
    """Adds up while a file is read; compares at the end, or group by group where a file has several.

    Where an item that is summed cannot be read in some record, that total cannot be known: it is not compared, because
    the record is refused by itself. What an end record says is about everything since the end record before.
    """

    def __init__(self, layout: Layout, plans: Mapping[str, RecordPlan]) -> None:
        self._controls = layout.controls
        self._plans = plans
        self._data = plans[layout.data.name]
        names = [item.name for item in layout.data.items]
        self._summed = {c.sum_of: names.index(c.sum_of) for c in layout.controls if c.sum_of is not None}
        self._group = _Tally(dict.fromkeys(self._summed, 0))
        self._whole = _Tally(dict.fromkeys(self._summed, 0)) if layout.groups else self._group
        self._said: dict[str, tuple[tuple[Value, ...], int]] = {}
        self._found: list[Fault] = []

    def add(self, payloads: Sequence[bytes]) -> None:
        """Data records."""
        if not self._summed or not payloads:
            return
        exploded = self._data.explode(payloads)
        values, damage = self._data.columns.read(exploded.columns, only=self._summed)
        bad = {self._data.columns.columns[at].item.name for faults in damage.values() for at, _ in faults}
        for name, index in self._summed.items():
            known = name not in bad and not exploded.refused
            amount = sum(map(_number, values[index])) if known else None
            for tally in self._tallies():
                total = tally.totals[name]
                tally.totals[name] = None if total is None or amount is None else total + amount

    def add_unknown(self) -> None:
        """A record that nobody could tell from data: what it would have added is unknown."""
        for tally in self._tallies():
            tally.totals = dict.fromkeys(tally.totals)

    def _tallies(self) -> list[_Tally]:
        return [self._group] if self._whole is self._group else [self._group, self._whole]

    def said(self, record: str, row: tuple[Value, ...], start: int) -> None:
        """A header or trailer that starts at `start` of the file; the last of its kind counts."""
        self._said[record] = (row, start)

    def close_group(self, *, records: int, file: str, ended: bool) -> None:
        """A group is over after `records` data records of the file; `ended`: by an end record."""
        self._found += self._compare_all(records, file)
        self._said.clear()
        self._group.restart(records)
        if ended:
            self._whole.restart(records)

    def faults(self, *, records: int, file: str) -> list[Fault]:
        """Where count or total differ, with both numbers."""
        return self._found + self._compare_all(records, file)

    def _compare_all(self, records: int, file: str) -> list[Fault]:
        found: list[Fault] = []
        for control in self._controls:
            if control.record in self._said:
                row, start = self._said[control.record]
                found += self._compare(control, row, records, file=file, start=start)
        return found

    def _compare(self, control: Control, row: Sequence[Value], records: int, *, file: str, start: int) -> list[Fault]:
        record = self._plans[control.record].record
        tally = self._whole if record.role is Role.END else self._group
        index = next(index for index, item in enumerate(record.items) if item.name == control.item)
        expected = _number(row[index])
        actual = records - tally.before if control.sum_of is None else tally.totals[control.sum_of]
        if actual is None or actual == expected:
            return []
        place = Place(file=file, item=control.item, offset=start + record.items[index].start)
        code = "DEC-010" if control.sum_of is None else "DEC-011"
        return [Fault(code, place, {"declared": str(expected), "counted": str(actual)})]


def _number(value: Value) -> int | Decimal:
    """What a value adds to a total: digits kept as text are a number, nothing is zero, repeated items add up."""
    if isinstance(value, tuple):
        return sum(map(_number, value))
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else 0
    return value if isinstance(value, int | Decimal) else 0
