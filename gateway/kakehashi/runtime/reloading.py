"""One gateway after the other in the same process: a changed configuration takes over when it passes its check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue
from time import monotonic

from kakehashi.errors import ConfigurationError, KakehashiError
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.gateway import GatewayProcess, Role
from kakehashi.runtime.logging import safe_trace

__all__ = ["Reloading", "Wish"]

_LOOK_SECONDS = 1.0
"""Between two looks at the clock and at wishes: a signal that another thread was given wakes up none that waits."""
_AGAIN_SECONDS = 600.0
"""Until the rows of a new day, once refused, are tried again."""


class Wish(StrEnum):
    """What a signal asks for. The values are the reasons in `gateway.stopping`."""

    STOP = "signal"
    RELOAD = "reload"
    GIVE_UP = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloading:
    """Runs a gateway until somebody wishes it to stop.

    `again` reads, checks and opens the changed configuration. It raises whatever is wrong with it; the gateway that
    runs then goes on. Otherwise that one finishes what it holds, and the new one takes over. Keys and certificates are
    read anew as well. `wishes` may be filled from signal handlers; at 00:00 in Japan the rows of the new day are wished
    for by themselves, where the configuration is that of a day.
    """

    roles: Sequence[Role]
    wishes: SimpleQueue[Wish]
    again: Callable[[], Gateway]

    def run(self, gateway: Gateway) -> Wish:
        """Returns why it ended: STOP, or GIVE_UP when a role could not go on.

        Raises BrokerMisconfigured when the queues are not what the configuration says: nothing is started then.
        """
        current = self._process(gateway)
        current.declare()
        current.start()
        pause = 0.0
        while (wish := self._wish(current.gateway, pause)) is Wish.RELOAD:
            successor = self._successor(current)
            current, pause = successor, _AGAIN_SECONDS if successor is current else 0.0
        current.finish(wish)
        return wish

    def _process(self, gateway: Gateway) -> GatewayProcess:
        return GatewayProcess(gateway, self.roles, lambda: self.wishes.put(Wish.GIVE_UP))

    def _wish(self, gateway: Gateway, pause: float) -> Wish:
        """The next one; of several that came meanwhile, the last reload or the first stop.

        A new day is a wish to reload; when it has begun already, after a pause of that many seconds.
        """
        rested = monotonic() + pause
        while True:
            try:
                wish = self.wishes.get(timeout=_LOOK_SECONDS)
                break
            except Empty:
                if _is_over(gateway) and monotonic() >= rested:
                    return Wish.RELOAD
        while wish is Wish.RELOAD and not self.wishes.empty():
            wish = self.wishes.get()
        return wish

    def _successor(self, current: GatewayProcess) -> GatewayProcess:
        opened: Gateway | None = None
        try:
            opened = self.again()
            successor = self._process(opened)
            successor.declare()
        except Exception as error:  # noqa: BLE001  # whatever is wrong with the new one, the old one stays
            if opened is not None:
                opened.close()
            self._refused(current.gateway.events, error)
            return current
        current.finish(Wish.RELOAD)
        successor.start()
        opened.events.emit("configuration.reloaded", config=opened.configuration.hash)
        return successor

    def _refused(self, events: EventLog, error: Exception) -> None:
        match error:
            case ConfigurationError(faults=faults) if faults:
                events.emit("configuration.refused", faults=len(faults), code=faults[0].code)
            case KakehashiError():
                events.emit("configuration.refused", faults=1, code=error.fault.code)
            case _:
                at = f"{type(error).__name__} {safe_trace(error)}"
                events.emit("configuration.refused", faults=1, code="GEN-001", error=at)


def _is_over(gateway: Gateway) -> bool:
    """Whether the day of the tables is another than today."""
    return gateway.configuration.as_of not in {None, gateway.clock.now().date()}
