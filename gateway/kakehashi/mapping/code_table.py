"""「コード表」 Codes of a system → codes of the data standard; every row has its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kakehashi.mapping.step import Step, Value, refusal

__all__ = ["CodeRow", "CodeTable", "code_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """`valid_from` and `valid_to` are both included; None: without bound. `line` is that of the file."""

    source: str
    target: str
    valid_from: date | None = None
    valid_to: date | None = None
    line: int = 0

    def holds(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def meets(self, other: CodeRow) -> bool:
        """Whether both rows say something about the same code on some day."""
        return (
            self.source == other.source
            and (self.valid_from is None or other.valid_to is None or self.valid_from <= other.valid_to)
            and (other.valid_from is None or self.valid_to is None or other.valid_from <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class CodeTable:
    """「コード表」 No two rows of one code meet in time."""

    name: str
    rows: tuple[CodeRow, ...]
    file: str = ""

    def at(self, day: date | None) -> Mapping[str, str]:
        """The codes of one day; None: of each code the row that holds longest."""
        return {row.source: row.target for row in self.on(day)}

    def on(self, day: date | None) -> list[CodeRow]:
        """The rows of one day; None: all, of each code the one that holds longest last."""
        if day is None:
            return sorted(self.rows, key=lambda row: row.valid_to or date.max)
        return [row for row in self.rows if row.holds(day)]


class _Codes(dict[str, str]):
    """Tells which table lacks a code, reads numbers as their text, and leaves empty text empty."""

    def __init__(self, name: str, codes: Mapping[str, str]) -> None:
        super().__init__(codes)
        self._name = name

    def __missing__(self, key: object) -> str:
        if key == "":
            return ""
        if isinstance(key, int):
            return self[str(key)]
        raise refusal("MAP-002", table=self._name)


def code_step(table: CodeTable, day: date | None) -> Step:
    """The converter `code` for one table on one day. An empty target means: no value."""
    codes = _Codes(table.name, table.at(day))

    def look_up(value: Value) -> Value:
        return codes[value]  # type: ignore[index]  # __missing__ tells of every other key

    return Step(call=look_up, inline="{words}[{v}]", words=codes, text=True)
