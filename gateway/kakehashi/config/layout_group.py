"""Group rows 「集団項目」 of a vendor's layout: their members, and what a repeated group becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kakehashi.config.layout_line import Line
from kakehashi.config.layout_type import Size, date_form, size_of, type_words
from kakehashi.errors import Fault

__all__ = ["Found", "Resolved", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An item: `size` bytes, `repeat` times. `path`: the names of its groups; `start` as given, of its first copy."""

    line: Line
    name: str
    type: str
    size: int
    date: str
    path: tuple[str, ...]
    start: int | None


@dataclass(slots=True)
class Resolved:
    """What came out. `guesses`: (line, code of the guess, name)."""

    items: list[Found] = field(default_factory=list)
    guesses: list[tuple[Line, str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def resolve(lines: Sequence[Line], size: Size, *, bank_style: bool) -> Resolved:
    """Every item in order, groups resolved. `size` says how digits become bytes."""
    resolving = _Resolving(size, bank_style=bank_style)
    resolving.items(lines, ())
    return resolving.done


class _Resolving:
    def __init__(self, size: Size, *, bank_style: bool) -> None:
        self._size = size
        self._bank = bank_style
        self.done = Resolved()

    def items(self, lines: Sequence[Line], path: tuple[str, ...]) -> None:
        at = 0
        while at < len(lines):
            line = lines[at]
            members = self._members(lines, at)
            if members:
                self._group(line, lines[at + 1 : at + 1 + members], path)
            elif line.length is None and not line.type:
                self._label(line)
            else:
                self._item(line, lines[at + 1] if at + 1 < len(lines) else None, path)
            at += 1 + members

    def _members(self, lines: Sequence[Line], at: int) -> int:
        """How many of the lines that follow belong to this one: those further in, or those that fill its length."""
        line = lines[at]
        if line.type:
            return 0
        deeper = at + 1
        while deeper < len(lines) and lines[deeper].depth > line.depth:
            deeper += 1
        if deeper > at + 1:
            return deeper - at - 1
        total = 0
        for count, member in enumerate(lines[at + 1 :] if line.length else (), start=1):
            total += self._bytes(member) * member.repeat
            if total and total in {line.length, (line.length or 0) / line.repeat}:
                return count
        return 0

    def _group(self, line: Line, members: Sequence[Line], path: tuple[str, ...]) -> None:
        for copy in range(1, line.repeat + 1):
            before = len(self.done.items)
            name = line.name if line.repeat == 1 else f"{line.name}_{copy}"
            self.items(members, (*path, name))
            if copy > 1:
                self.done.items[before:] = [replace(item, start=None) for item in self.done.items[before:]]
        self.done.guesses.append((line, "group" if line.repeat == 1 else "repeated-group", line.name))
        held = sum(item.size * item.line.repeat for item in self.done.items[before:])
        if line.length is not None and line.length not in {held, held * line.repeat}:
            self.done.faults.append(Fault("CFG-011", line.place, {"members": held, "group": line.length}))

    def _label(self, line: Line) -> None:
        if line.repeat > 1:
            self.done.faults.append(Fault("CFG-004", line.place, {"expected": "length"}))
        else:
            self.done.guesses.append((line, "label", line.name))

    def _item(self, line: Line, following: Line | None, path: tuple[str, ...]) -> None:
        words = type_words(line.type, bank_style=self._bank)
        if words.type is None and line.type:
            self.done.faults.append(Fault("CFG-006", line.place, {"expected": "a type 9 S9 X N P Z B D"}))
        elif words.type is None:
            self.done.guesses.append((line, "type", line.name))
        size = self._bytes(line)
        if not size and line.start is not None and following is not None and following.start is not None:
            size = max(following.start - line.start, 0) // line.repeat
            self.done.guesses.append((line, "length-by-start", line.name))
        if not size:
            self.done.faults.append(Fault("CFG-004", line.place, {"expected": "length"}))
        kind, date = words.type or "X", ""
        if kind == "D":
            date = date_form(size) or ""
            kind = "D" if date else "9"
            self.done.guesses.append((line, f"date {date}" if date else "no-date", line.name))
        if kind == "9" and line.decimals:
            kind = "S9"
            self.done.guesses.append((line, "decimals", line.name))
        if not line.name:
            self.done.guesses.append((line, "filler", "FILLER"))
        self.done.items.append(
            Found(line=line, name=line.name or "FILLER", type=kind, size=size, date=date, path=path, start=line.start)
        )

    def _bytes(self, line: Line) -> int:
        if line.given is not None:
            return line.given
        kind = type_words(line.type, bank_style=self._bank).type or "X"
        return size_of(kind, line.digits, self._size) if line.digits else 0
