"""Records of any length, each ended by a separator."""

from __future__ import annotations

from itertools import accumulate

from kakehashi.codec.records.cut import Cut
from kakehashi.codec.records.spec import ANY, SEPARATORS, RecordSpec
from kakehashi.codec.records.stride import EOF, FOUND
from kakehashi.codec.text_form import damage
from kakehashi.errors import Fault, Place

__all__ = ["LineCutter"]


class LineCutter:
    """Lines. A last one may lack its separator. One of a wrong length is bad by itself: the next one is found."""

    def __init__(self, spec: RecordSpec) -> None:
        self.separator: bytes | None = None if spec.ending == ANY else SEPARATORS[spec.ending]
        self._least = spec.record_length or spec.shortest
        self._most = spec.record_length or spec.longest

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        separator = self.separator or _first(data, last=last)
        if separator is None:
            separator = data + b"-"  # none in sight: all of it is one line
        else:
            self.separator = separator
        lines = data.split(separator)
        rest = lines.pop()
        width = len(separator)
        offsets = list(accumulate((len(line) + width for line in lines), initial=base))
        done = Cut(offsets, lines, offsets.pop() - base)
        if last and rest.rstrip(EOF):
            offsets.append(base + done.used)
            lines.append(rest.rstrip(EOF))
            done.used += len(lines[-1])
            done.closed = False
        elif len(rest) > self._most + 1:
            done.damage = damage("DEC-003", base + done.used, expected=self._most)
        self._measure(done)
        return done

    def _measure(self, done: Cut) -> None:
        lengths = set(map(len, done.records))
        if not lengths or (self._least <= min(lengths) and max(lengths) <= self._most):
            return
        for index, line in enumerate(done.records):
            if not self._least <= len(line) <= self._most:
                code, expected = ("DEC-002", self._least) if len(line) < self._least else ("DEC-003", self._most)
                place = Place(offset=done.offsets[index])
                done.bad[index] = Fault(code, place, {"length": len(line), "expected": expected})


def _first(data: bytes, *, last: bool) -> bytes | None:
    """The separator that comes first; None where none does, or where the next byte decides which one."""
    found = [(at, -len(each), each) for each in FOUND if (at := data.find(each)) >= 0]
    at, _, each = min(found, default=(0, 0, None))
    return None if each == b"\r" and at == len(data) - 1 and not last else each
