"""The intermediate server behind two folders: what is for it lies in `to-server`, what it says in `from-server`.

What an error means for the message:
```
folders that are gone, full or read-only; no serial left for the day      → ServerUnreachable: surely not delivered
nobody has taken it in the time of an exchange: it is taken back          → ServerUnreachable: surely not delivered
taken, and no answer in that time; an answer that is damaged or too large → OutcomeUnknown: may be delivered
the folders go away while it waits there                                  → OutcomeUnknown: may be delivered
a manifest that says another status than 200                              → ServerRefused
```
"""

from __future__ import annotations

import errno
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

from kakehashi.errors import Fault, OutcomeUnknown, Place, ServerRefused, ServerUnreachable
from kakehashi.ports.clock import Clock
from kakehashi_adapters.exchange_folder import parcel
from kakehashi_adapters.exchange_folder import place as places

__all__ = ["FolderServerClient"]

_FIRST_LOOK: Final = 0.01
_RAREST_LOOK: Final = 0.5
_OK: Final = 200
_KEPT: Final = timedelta(days=1)
"""How long an answer lies there for which nobody waits any more: its batch has asked again."""
_SWEPT_EVERY: Final = timedelta(hours=1)


class FolderServerClient:
    """A ServerClient over files. At most `connections` messages are under way; further calls wait for their turn within
    `timeout`, which bounds a whole exchange.
    """

    def __init__(
        self,
        place: places.Place,
        *,
        clock: Clock,
        connections: int = 4,
        timeout: timedelta = timedelta(seconds=30),
        answer_bytes: int = 32 * 1024 * 1024,
        serial_digits: int = 6,
        zipped: bool = False,
    ) -> None:
        self._place = place
        self._clock = clock
        self._timeout = timeout.total_seconds()
        self._answer_bytes = answer_bytes
        self._serial_digits = serial_digits
        self._zipped = zipped
        self._free = threading.Semaphore(connections)
        self._lock = threading.Lock()
        self._swept = float("-inf")
        self._closed = False

    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:
        until = time.monotonic() + self._timeout
        if self._closed or not self._free.acquire(timeout=self._timeout):
            raise ServerUnreachable
        try:
            answer = self._exchanged(message_id, request_id, document, until)
        except OSError as error:  # before anything was written
            raise ServerUnreachable(_fault(error)) from None
        finally:
            self._free.release()
        if answer.status != _OK:
            raise ServerRefused(status=answer.status, retry_after=answer.retry_after)
        return answer.document

    def close(self) -> None:
        self._closed = True
        self._place.close()

    def _exchanged(self, message_id: str, request_id: str, document: bytes, until: float) -> parcel.Answer:
        with self._place.lend() as (out, into):
            self._sweep_now_and_then(out, into)
            name = self._named(out, message_id)
            try:
                parcel.write(out, name, document, message_id=message_id, request_id=request_id, zipped=self._zipped)
            except OSError:
                parcel.clear(out, name)
                raise
            try:
                parcel.mark(out, name)
                answer = self._answer(into, name, until)
                if answer is None:
                    raise ServerUnreachable if parcel.take_back(out, name) else OutcomeUnknown
            except OSError as error:
                raise OutcomeUnknown(_fault(error)) from None
            return answer

    def _named(self, out: places.Folder, message_id: str) -> str:
        day = self._clock.now().date()
        try:
            serial = parcel.next_serial(out, day, digits=self._serial_digits)
        except parcel.SerialsUsedUp:
            raise ServerUnreachable(Fault("SRV-018")) from None
        except (ValueError, places.TooLarge):
            raise ServerUnreachable(Fault("SRV-020", Place(file=f".serial-{day:%Y%m%d}"), {"errno": "?"})) from None
        return f"{message_id}_{day:%Y%m%d}_{serial:0{self._serial_digits}}"

    def _answer(self, into: places.Folder, name: str, until: float) -> parcel.Answer | None:
        """None: it has not come in time."""
        pause = _FIRST_LOOK
        while not parcel.is_complete(into, name):
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 1.3, _RAREST_LOOK)
        try:
            answer = parcel.read(into, name, most=self._answer_bytes)
        except parcel.Damaged:
            parcel.put_aside(into, name, "damaged")
            raise OutcomeUnknown(Fault("SRV-019", Place(file=f"{name}.csv"))) from None
        parcel.clear(into, name)
        return answer

    def _sweep_now_and_then(self, *folders: places.Folder) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._swept < _SWEPT_EVERY.total_seconds():
                return
            self._swept = now
        for folder in folders:
            for name in folder.untouched_since(self._clock.now() - _KEPT):
                if parcel.LEAVINGS.fullmatch(name):
                    with suppress(OSError):
                        folder.remove(name)


def _fault(error: OSError) -> Fault:
    return Fault("SRV-020", facts={"errno": errno.errorcode.get(error.errno or 0, "?")})
