"""Failpoints: a process that kills, fails or freezes itself at a named step, for rehearsals and tests.

`KAKEHASHI_FAIL=step:n:how` acts when `step` is reached for the n-th time in the process; several are joined by commas.
`step@B34:n:how` counts only the passages of batch 34, at steps that name their batch.
`how` is kill (SIGKILL), raise (an error that nobody expects) or pause (SIGSTOP, until somebody sends SIGCONT).
Without the variable `reached` does nothing at all.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = ["STEPS", "VARIABLE", "Boundary", "FailpointReached", "Failpoints", "reached"]

VARIABLE: Final = "KAKEHASHI_FAIL"


class Boundary(NamedTuple):
    """Between two effects: what is done and durable, and what has not yet begun."""

    done: str
    next: str


STEPS: Final[Mapping[str, Boundary]] = {
    "intake.claimed": Boundary("the file is in the hands of this process", "its sealed copy is written"),
    "intake.spooled": Boundary("the sealed copy is synced", "file and batches go into the ledger"),
    "intake.recorded": Boundary("the ledger has file and batches", "the dropped file is removed"),
    "intake.removed": Boundary("the dropped file is gone", "the next file"),
    "publishing.chosen": Boundary("the outbox was read", "the messages are published"),
    "publishing.confirmed": Boundary("the broker has confirmed the messages", "the ledger marks them as published"),
    "publishing.marked": Boundary("the ledger has the mark", "the next look into the outbox"),
    "worker.received": Boundary("a message is in hand", "the ledger is asked where the batch stands"),
    "worker.begun": Boundary("a try of a step that was begun before is counted", "the step is taken"),
    "worker.intended": Boundary("the ledger has the intent to send", "the request is sent"),
    "worker.answered": Boundary("the answer to a request has come", "it is written into the ledger"),
    "worker.asked": Boundary("the answer to a status query has come", "it is written, or the request sent again"),
    "worker.polled": Boundary("the answer to a poll has come", "it is written into the ledger"),
    "worker.cancelled": Boundary("the answer to a cancellation has come", "it is written into the ledger"),
    "linking.linked": Boundary("the links of an extract are stored", "its batch is settled"),
    "grouping.linked": Boundary("some of the matched persons are linked", "the next ones"),
    "merging.merged": Boundary("two numbers are one person's", "what follows for symbol and replicas"),
    "merging.undone": Boundary("they are two persons' again", "what follows for symbol and replicas"),
    "merging.held": Boundary("the ledger has a withdrawal of replicas, held", "it is released"),
    "settling.settled": Boundary("the ledger has every record's outcome", "the message is acknowledged"),
    "settling.postponed": Boundary("the ledger has when to go on", "the message for then is published"),
    "settling.split": Boundary("the ledger has the batch in parts", "the message is acknowledged"),
    "settling.parked": Boundary("the ledger has the batch parked", "the message is acknowledged"),
    "worker.followed": Boundary("what follows is published and confirmed", "the messages in hand are acknowledged"),
    "worker.acknowledged": Boundary("the broker has the acknowledgement", "the next message"),
    "symbols.intended": Boundary("the ledger has what is to be said for a symbol", "it is said"),
    "symbols.answered": Boundary("what was said for a symbol is answered", "it is written into the ledger"),
    "symbols.moved": Boundary("the ledger has what became of it", "the next one"),
    "halting.placed": Boundary("the ledger has a suspension, a lock or its end", "whoever decided it is told so"),
    "halting.found": Boundary("the ledger has told of what the server is to know", "it is said"),
    "halting.withdrawn": Boundary("the ledger has withdrawals for a suspension, released", "it is asked again"),
    "halting.answered": Boundary("the server has answered to a lock or its end", "the ledger notes it"),
    "halting.noted": Boundary("the ledger has it that the server knows", "the next one"),
    "withholding.placed": Boundary("the ledger has who is not shown a record, or is again", "the server is told"),
    "withholding.answered": Boundary("the server has answered to it, or nothing came", "the ledger notes it"),
    "provisions.listed": Boundary("a page of what waits for a decision has come", "it is written into the ledger"),
    "provisions.added": Boundary("the ledger has the whole list", "what it tells no longer is closed"),
    "provisions.intended": Boundary("the ledger has the intent to reply, or to ask", "it is said"),
    "provisions.answered": Boundary("a reply, or a question about it, is answered", "it is written into the ledger"),
    "provisions.moved": Boundary("the ledger has what became of the reply", "the next one"),
    "enforcing.moved": Boundary("some of the held numbers are active", "the next ones"),
    "enforcing.begun": Boundary("what follows from some active numbers has begun", "the store forgets them as heard"),
    "numbers.chosen": Boundary("what a file of numbers holds is settled", "it is written"),
    "numbers.written": Boundary("a file of numbers lies in its folder", "the store marks it as returned"),
    "notices.noting": Boundary("links and events of an extract are stored", "what of it is news is written down"),
    "notices.chosen": Boundary("what a file of notices holds is settled", "it is written"),
    "notices.written": Boundary("a file of notices lies in its folder", "the store marks it as written"),
    "returning.chosen": Boundary("a settled file was found", "its result is written"),
    "returning.written": Boundary("the result lies in its folder", "the ledger marks the file as returned"),
    "returning.marked": Boundary("the ledger has the mark", "the next file"),
}
"""Every boundary between two effects: before a step and after the one before it is the same place."""


class FailpointReached(Exception):
    """What `raise` raises: none of our own errors, so that the handling of the unexpected is what is tried."""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise() -> None:
    raise FailpointReached


def _pause() -> None:
    """Sent to this thread, which goes no step further; sent to the process, another thread may take it up."""
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


_ACTS: Mapping[str, Callable[[], None]] = {"kill": _kill, "raise": _raise, "pause": _pause}


@dataclass(frozen=True, slots=True)
class Failpoints:
    """What is to happen at which passage of which step. Thread-safe."""

    chosen: Mapping[tuple[str, int], Callable[[], None]]
    _passages: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @classmethod
    def of(cls, text: str) -> Failpoints:
        """Raises ValueError for a step that is not in STEPS, a passage below 1 or an unknown act."""
        return cls(dict(map(_parsed, text.split(","))))

    def reached(self, step: str, subject: str = "") -> None:
        """LookupError for a step that is not in STEPS: none escapes a test that goes through them."""
        STEPS[step]
        acts = [act for name in {step, f"{step}@{subject}"} if (act := self._passed(name)) is not None]
        for act in acts:
            act()

    def _passed(self, name: str) -> Callable[[], None] | None:
        with self._lock:
            self._passages[name] += 1
            return self.chosen.get((name, self._passages[name]))


def _parsed(text: str) -> tuple[tuple[str, int], Callable[[], None]]:
    step, _, rest = text.strip().partition(":")
    passage, _, how = rest.partition(":")
    if step.partition("@")[0] not in STEPS or not passage.isdecimal() or int(passage) < 1 or how not in _ACTS:
        raise ValueError(f"{VARIABLE}={text}: step:n:{'|'.join(_ACTS)}, step one of {' '.join(STEPS)}")
    return (step, int(passage)), _ACTS[how]


def _nothing(step: str, subject: str = "", /) -> None:
    """The process has no failpoints."""


reached: Callable[..., None] = _nothing
if os.environ.get(VARIABLE):
    reached = Failpoints.of(os.environ[VARIABLE]).reached
