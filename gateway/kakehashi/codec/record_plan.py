"""How the items of one record type lie in its bytes: the part that differs between fixed, delimited and XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from kakehashi.codec.columns import Columns
from kakehashi.codec.layout import Record, Value
from kakehashi.errors import Fault

__all__ = ["Exploded", "RecordPlan", "Row", "read_rows", "read_single"]


@dataclass(frozen=True, slots=True)
class Exploded:
    """The columns of the records `kept` (indexes), and for the others why they have none (offset in the record)."""

    columns: Sequence[Sequence[bytes]]
    kept: Sequence[int]
    refused: dict[int, list[Fault]] = field(default_factory=dict)


class RecordPlan(Protocol):
    """One record type of a layout, compiled."""

    record: Record
    columns: Columns

    def explode(self, payloads: Sequence[bytes], /) -> Exploded:
        """The bytes of every column of many records."""

    def start_of(self, payload: bytes, column: int, /) -> int:
        """Where the bytes of a column start in a record that was kept."""

    def write(self, row: Sequence[Value], /) -> bytes:
        """A record made of one value per item. Raises InputError with the item's name."""

    def rewrite(self, payload: bytes, row: Sequence[Value], /) -> bytes:
        """`payload` with the values of `row`: bytes that already mean the same stay as they are."""

    def put(self, payload: bytes, column: int, raw: bytes, /) -> bytes:
        """`payload` with other bytes in one column, whatever the others hold. Raises InputError: it has no place."""


Row: TypeAlias = "tuple[Value, ...] | None"


def read_rows(plan: RecordPlan, payloads: Sequence[bytes]) -> tuple[list[Row], dict[int, list[Fault]]]:
    """One row per record, None where there are faults; their offsets count from the start of the record."""
    exploded = plan.explode(payloads)
    values, damage = plan.columns.read(exploded.columns)
    rows: list[Row] = list(zip(*values, strict=True))
    faults = exploded.refused
    for position, found in damage.items():
        index = exploded.kept[position]
        payload = payloads[index]
        faults[index] = [plan.columns.fault(at, fault, plan.start_of(payload, at)) for at, fault in found]
        rows[position] = None
    if len(rows) != len(payloads):
        kept = dict(zip(exploded.kept, rows, strict=True))
        rows = [kept.get(index) for index in range(len(payloads))]
    return rows, faults


def read_single(plan: RecordPlan, payload: bytes, *, file: str, start: int) -> tuple[Row, list[Fault]]:
    """One header, group or trailer record that starts at `start` of its file."""
    rows, faults = read_rows(plan, [payload])
    return rows[0], [fault.at(file=file, offset=start + (fault.place.offset or 0)) for fault in faults.get(0, ())]
