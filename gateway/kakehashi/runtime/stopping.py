"""How a gateway process ends: in numbered steps that share one grace, and by force where one of them does not end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final

__all__ = ["GRACE", "Ending", "LastResort", "Stage"]

GRACE: Final = timedelta(seconds=10)
"""What a supervisor grants between SIGTERM and SIGKILL."""


class Stage:
    """The steps of an end, and until when after its beginning each is waited for."""

    TAKING_IN: Final = (1, "no file is taken in", timedelta(seconds=7))
    CONSUMING: Final = (2, "no message is taken", timedelta(seconds=7))
    IN_HAND: Final = (3, "what is in hand is finished", timedelta(seconds=7.5))
    PUBLISHING: Final = (4, "what follows is published", timedelta(seconds=8.5))
    CLOSING: Final = (5, "connections are closed", timedelta(seconds=9))


_LAST_RESORT = timedelta(seconds=9.3)
_WORK = timedelta(seconds=6.5)  # then a broker is told, and takes the rest back


@dataclass(slots=True)
class Ending:
    """What the threads of a process tell each other about its end. Made with the process, begun by `begin`."""

    not_taking: Event = field(default_factory=Event, init=False)
    not_consuming: Event = field(default_factory=Event, init=False)
    worked: Event = field(default_factory=Event, init=False)
    """Nothing more will be put into the outbox: it may be emptied."""
    unfinished: int = field(default=0, init=False)
    """Batches that were in work and did not end."""
    _begun: float | None = field(default=None, init=False)

    def begin(self) -> None:
        self._begun = time.monotonic()

    @property
    def time_to_work(self) -> timedelta:
        return timedelta(seconds=self.left(_WORK))

    def left(self, until: timedelta) -> float:
        """Seconds until so long after the beginning."""
        since = 0.0 if self._begun is None else time.monotonic() - self._begun
        return max(0.0, until.total_seconds() - since)


class LastResort:
    """Ends the process with `os._exit` when it is still there so long after `arm`: a lock, a share or a server that
    does not answer holds up no end. What was in hand comes again, as after a kill.
    """

    def __init__(self, told: Callable[[], None], after: timedelta = _LAST_RESORT) -> None:
        """`told` is called before; it must not fail."""
        self._told = told
        self._after = after.total_seconds()
        self._armed: SimpleQueue[int] = SimpleQueue()
        Thread(target=self._wait, name="last-resort", daemon=True).start()

    def arm(self, exit_code: int) -> None:
        """The first time counts. May be called from a signal handler."""
        self._armed.put(exit_code)

    def _wait(self) -> None:
        code = self._armed.get()
        time.sleep(self._after)
        self._told()
        os._exit(code)
