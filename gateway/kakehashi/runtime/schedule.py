"""Whose batch is next: lanes share a worker's slots by the time that they take, not by the number of their batches.

A lane whose server takes 30 s for an answer gets as much time as the others, and no more; while others have work it has
at most a third of the slots, so that the next batch of another lane never waits until all of them are free again. More
only while its batches are seen to end soon; some that end at once (held, or stale) do not make a slow lane quick.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from kakehashi.pipeline.envelope import lane_of
from kakehashi.ports.broker import URGENT, Delivery

__all__ = ["Schedule"]

_NEVER = float("-inf")

_LATELY = 600.0
"""Seconds: a lane that had work so lately may have some again before a long batch of another ends."""

_LONG = 1.0
"""Seconds: a batch that takes longer makes others wait."""

_VERY_LONG = 10.0
"""Seconds: no server that is well takes so long."""

_HALVES = 60.0
"""Seconds in which half of what a long batch took is forgotten, however many short ones came after it."""

_AGAIN = 8
"""Batches in a row that were begun before, while new ones of their lane wait."""

_FAILURE = 1.0
"""Seconds that a batch counts at least when it will be tried again: who is refused at once gets no more for that."""


@dataclass(slots=True)
class _Line:
    """What one lane has in this worker. `again`: what was begun before; `passed`: how much of it in a row has passed
    what is new. `used`: seconds of slots, in all; `long`: what the longest batch took, as far as it is remembered;
    `ended`: when the last one ended; `last`: when it last had work.
    """

    urgent: bool
    most: int
    in_order: bool
    waiting: deque[Delivery] = field(default_factory=deque)
    again: deque[Delivery] = field(default_factory=deque)
    passed: int = 0
    begun: dict[int, float] = field(default_factory=dict)
    used: float = 0.0
    long: float = 0.0
    ended: float = _NEVER
    last: float = _NEVER

    @property
    def waits(self) -> bool:
        return bool(self.waiting or self.again)

    @property
    def has_work(self) -> bool:
        return self.waits or bool(self.begun)

    def time_used(self, now: float) -> float:
        return self.used + sum(now - begun for begun in self.begun.values())

    def took(self, seconds: float, now: float) -> None:
        self.long = max(seconds, self._remembered(now))
        self.ended = now

    def share(self, now: float) -> int:
        """One of so many parts of the slots is for it, by its longest batch; few while nothing is seen to end."""
        known, in_work = self._remembered(now), max((now - begun for begun in self.begun.values()), default=0.0)
        if known < _LONG:
            return 1 if in_work < _LONG and now - self.ended < _LONG else 3
        return 2 if max(known, in_work) < _VERY_LONG else 3

    def _remembered(self, now: float) -> float:
        return float(self.long * 0.5 ** ((now - self.ended) / _HALVES))

    def add(self, delivery: Delivery) -> None:
        """What comes back from a dead worker may come in any order: a lane in order puts it right."""
        if self.in_order:
            self.waiting = deque(sorted((*self.waiting, delivery), key=_batch))
        else:
            (self.again if _number(delivery, "turn") else self.waiting).append(delivery)

    def next(self) -> Delivery:
        """A question after a result comes before what is new, or a long backlog would be settled only at its end; but
        however many there are, what is new goes on.
        """
        if self.again and (not self.waiting or self.passed < _AGAIN):
            self.passed += 1
            return self.again.popleft()
        self.passed = 0
        return self.waiting.popleft()


@dataclass(slots=True, kw_only=True)
class Schedule:
    """The lines of one worker. Of one thread.

    `slots`: batches side by side. `kept`: of these, for urgent work alone. `limits`: by lane, the most that it may
    ever have. `in_order`: lanes whose batches begin one after the other.
    """

    slots: int
    kept: int = 0
    limits: Mapping[str, int]
    in_order: Collection[str] = ()
    clock: Callable[[], float] = time.monotonic
    _lines: dict[tuple[str, bool], _Line] = field(default_factory=dict, init=False)
    _alone: deque[Delivery] = field(default_factory=deque, init=False)

    def add(self, delivery: Delivery, *, alone: bool = False) -> None:
        """A delivery that waits for a slot. `alone`: for all of them: nothing runs beside it."""
        if alone:
            self._alone.append(delivery)
            return
        now, line = self.clock(), self._line(delivery)
        if not line.has_work:  # time that it did not use is no credit
            line.used = max(line.used, min((one.time_used(now) for one in self._busy()), default=0.0))
        line.last = now
        line.add(delivery)

    def begin(self) -> Delivery | None:
        """The next delivery, which takes a slot; None: no slot, or nothing that may have one."""
        now, busy = self.clock(), self._busy()
        if self._alone:
            return self._begin_alone(now, busy)
        free = self.slots - sum(len(line.begun) for line in busy)
        ordinary = free - self.kept + min(self.kept, sum(len(line.begun) for line in busy if line.urgent))
        able = [
            line
            for line in busy
            if line.waits and (free if line.urgent else ordinary) > 0 and len(line.begun) < self._most(line, now)
        ]
        if not able:
            return None
        line = min(able, key=lambda line: (not line.urgent, line.time_used(now)))
        delivery = line.next()
        line.begun[delivery.tag] = now
        return delivery

    def _begin_alone(self, now: float, busy: list[_Line]) -> Delivery | None:
        """When nothing else is begun. Then it stays first in line until it has ended."""
        if any(line.begun for line in busy):
            return None
        self._line(self._alone[0]).begun[self._alone[0].tag] = now
        return self._alone[0]

    def end(self, delivery: Delivery, *, failed: bool = False) -> None:
        """Its slot is free again. `failed`: it will be tried again."""
        now, line = self.clock(), self._line(delivery)
        if self._alone and self._alone[0].tag == delivery.tag:
            self._alone.popleft()
        took = now - line.begun.pop(delivery.tag)
        line.took(took, now)
        line.used += max(took, _FAILURE) if failed else took
        line.last = now

    def clear(self) -> None:
        """Forget what waits and what was begun."""
        self._alone.clear()
        for line in self._lines.values():
            line.waiting.clear()
            line.again.clear()
            line.begun.clear()

    @property
    def has_waiting(self) -> bool:
        return bool(self._alone) or any(line.waits for line in self._lines.values())

    def _busy(self) -> list[_Line]:
        return [line for line in self._lines.values() if line.has_work]

    def _most(self, line: _Line, now: float) -> int:
        """How many of a lane may be begun: few when its batches may be long and others need slots, too."""
        if line.in_order:
            return 1
        others = [other for other in self._lines.values() if other is not line]
        alone = not any(other.has_work or now - other.last < _LATELY for other in others)
        share = 1 if alone and line.ended > _NEVER else line.share(now)
        return min(line.most, max(1, self.slots // share))

    def _line(self, delivery: Delivery) -> _Line:
        """By lane, not by queue: lanes that are urgent share a queue and nothing else."""
        lane, urgent = lane_of(delivery.message), delivery.message.lane == URGENT
        if lane not in self.limits:  # nobody's work: it is buried at once
            lane = ""
        if (lane, urgent) not in self._lines:
            most = self.limits.get(lane, self.slots)
            self._lines[lane, urgent] = _Line(urgent=urgent, most=most, in_order=lane in self.in_order)
        return self._lines[lane, urgent]


def _batch(delivery: Delivery) -> int:
    return _number(delivery, "batch")


def _number(delivery: Delivery, header: str) -> int:
    number = delivery.message.headers.get(header)
    return number if isinstance(number, int) else 0
