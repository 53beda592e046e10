"""「レコードの並び」 The order in which record types may come, as an expression: `HEAD (DATA* TRAILER){1,3} END?`.

Names in a row, `|` for a choice, brackets, and `* + ? {n} {n,} {n,m}` behind one. Read one record at a time, with what
is possible next and nothing else in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kakehashi.codec.copybook.file import Found
from kakehashi.codec.copybook.record import Decoded
from kakehashi.codec.copybook.segment import key_of, segment_of
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Sequence", "in_order"]

_TOKEN = re.compile(r"\s*(?:([()|])|([*+?]|\{\d{1,4}(?:,\d{0,4})?\})|([^\s()|*+?{}]+))")
_MOST = 5000
_DEEPEST = 50
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class Sequence:
    """Raises InputError CFG-003 for an expression that is none. `names` are those in it."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = self._depth = 0
        self._steps: list[dict[str, list[int]]] = []
        self._free: list[list[int]] = []
        self._end = self._choice(self._state())
        if self._at != len(self._tokens):
            raise _wrong(text)
        self.names = frozenset(name for steps in self._steps for name in steps)
        self._now = self._closed({0})

    def see(self, name: str) -> bool:
        """Whether a record of this name may come here. One that may not changes nothing."""
        after = {to for state in self._now for to in self._steps[state].get(name, ())}
        if after:
            self._now = self._closed(after)
        return bool(after)

    @property
    def complete(self) -> bool:
        """Whether the file may end here."""
        return self._end in self._now

    @property
    def expected(self) -> str:
        """The names of records that may come here."""
        return " ".join(sorted({name for state in self._now for name in self._steps[state]}))

    def _closed(self, states: set[int]) -> set[int]:
        found, left = set(states), list(states)
        while left:
            for to in self._free[left.pop()]:
                if to not in found:
                    found.add(to)
                    left.append(to)
        return found

    def _state(self) -> int:
        if len(self._steps) > _MOST:
            raise InputError(Fault("CFG-003", facts={"expected": f"an order of at most {_MOST} steps"}))
        self._steps.append({})
        self._free.append([])
        return len(self._steps) - 1

    def _choice(self, start: int) -> int:
        """From a state to the one behind everything up to `)` or the end."""
        ends = [self._row(start)]
        while self._take("|"):
            ends.append(self._row(start))
        return self._joined(ends)

    def _joined(self, ends: Iterable[int]) -> int:
        end = self._state()
        for each in ends:
            self._free[each].append(end)
        return end

    def _row(self, start: int) -> int:
        first = self._state()
        self._free[start].append(first)
        while self._at < len(self._tokens) and self._tokens[self._at] not in {"|", ")"}:
            first = self._counted(first)
        return first

    def _counted(self, start: int) -> int:
        """One name or bracket, as often as is said behind it: copies of its tokens, one after another."""
        begin = self._at
        end = self._one(start)
        behind = self._at
        count = self._tokens[behind] if behind < len(self._tokens) else ""
        if count[:1] not in {"*", "+", "?", "{"}:
            return end
        least, most = _bounds(count)
        if least == 0:
            ends = [start, end]
        else:
            for _ in range(least - 1):
                end = self._again(end, begin)
            ends = [end]
        for _ in range((most or 0) - max(least, 1)):
            end = self._again(end, begin)
            ends.append(end)
        if most is None:
            last = self._again(end, begin)
            self._free[last].append(end)
        self._at = behind + 1
        return self._joined(ends)

    def _again(self, start: int, begin: int) -> int:
        self._at = begin
        return self._one(start)

    def _one(self, start: int) -> int:
        if self._take("("):
            self._depth += 1
            end = self._choice(start) if self._depth <= _DEEPEST else start
            self._depth -= 1
            if not self._take(")"):
                raise _wrong("(")
            return end
        name = self._tokens[self._at]
        if name[0] in "*+?{":
            raise _wrong(name)
        self._at += 1
        end = self._state()
        self._steps[start].setdefault(key_of(name), []).append(end)
        return end

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise _wrong(text[at:])
        found.append(token[1] or token[2] or token[3])
        at = token.end()
    return found


def _bounds(count: str) -> tuple[int, int | None]:
    if count in _COUNTS:
        return _COUNTS[count]
    least, comma, most = count.strip("{}").partition(",")
    bounds = int(least), (int(most) if most else None) if comma else int(least)
    if bounds[1] is not None and (bounds[1] < 1 or bounds[1] < bounds[0]):
        raise _wrong(count)
    return bounds


def _wrong(found: str) -> InputError:
    expected = "names, brackets, | and * + ? {n,m} behind one"
    return InputError(Fault("CFG-003", Place(item="order"), {"expected": expected, "found": found.strip()[:40]}))


def in_order(records: Iterable[Found], sequences: Iterable[Sequence], *, file: str) -> Iterator[Found]:
    """The records; one that may not come where it is has DEC-014 instead of values. A file that ends where it may not
    has DEC-012 behind the last.
    """
    orders = tuple(sequences)
    names = frozenset(name for order in orders for name in order.names)
    number = offset = 0
    for found in records:
        number, offset = found.number, found.offset
        values = found.decoded.values
        name = "" if values is None else segment_of(values, names)[0]
        refused = [order for order in orders if values is not None and not order.see(name)]
        if refused:
            place = Place(file=file, record=number, offset=offset)
            fault = Fault("DEC-014", place, {"found": name or "another record", "expected": refused[0].expected})
            yield found.refused(fault)
        else:
            yield found
    for order in orders:
        if not order.complete:
            place = Place(file=file, record=number + 1, offset=offset)
            fault = Fault("DEC-012", place, {"expected": order.expected})
            yield Found(number + 1, offset, Decoded(None, (fault,), 0))
            return
