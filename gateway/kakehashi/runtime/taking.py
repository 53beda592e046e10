"""One thread a lane takes files in, so that no lane waits for another's large file or dead folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from kakehashi.errors import BrokerMisconfigured, FolderUnavailable, KakehashiError, StoreCorrupt
from kakehashi.ports.broker import Broker
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.idling import Idling
from kakehashi.runtime.intake import Intake
from kakehashi.runtime.outage import Outage, Quiet

__all__ = ["Taking"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


@dataclass(slots=True, kw_only=True)
class Taking:
    """The loop of one lane. `taken` is called when something came in, `unexpected` about what nobody thought of.

    Returns when `stop` is set. Raises StoreCorrupt.
    """

    intake: Intake
    broker: Broker
    quiet: Quiet
    events: EventLog
    outage: Outage
    stop: Event
    taken: Callable[[], None]
    unexpected: Callable[[Exception], None]
    _pause: float = field(default=0.0, init=False)
    """Of a source in trouble; 0: it is in none."""

    def run(self) -> None:
        idling = Idling()
        while not self.stop.is_set():
            if pause := idling.pause(self._step()):
                self.stop.wait(pause)
        with suppress(KakehashiError):
            self.intake.source.close()

    def _step(self) -> int:
        try:
            self.broker.publish([])  # while it takes nothing, files stay where they are
            done = self.intake.run_once()
        except StoreCorrupt:
            raise
        except (FolderUnavailable, BrokerMisconfigured) as error:  # this lane's trouble alone
            self._failed(error)
            return 1
        except KakehashiError as error:
            self.outage.failed(error)
            return 1
        except Exception as error:  # noqa: BLE001  # a lane never dies silently: it says so and starts again
            self.unexpected(error)
            self.stop.wait(1)
            return 0
        self._worked()
        if done:
            self.taken()
        return done

    def _failed(self, error: KakehashiError) -> None:
        lane, fault = self.intake.route.name, error.fault
        if self.quiet.may_speak(f"source {lane}"):
            errno = fault.facts.get("errno")
            self.events.emit("source.unavailable", lane=lane, code=fault.code, place=fault.place.file, errno=errno)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) or _FIRST_PAUSE
        self.stop.wait(self._pause)

    def _worked(self) -> None:
        self.outage.worked()
        if self._pause:
            self._pause = 0.0
            self.events.emit("source.recovered", lane=self.intake.route.name)
