"""The intermediate server behind two folders: what is for it lies in `to-server`, what it says in `from-server`.

What an error means for the message:
```
a folder that is gone, full or read-only; no serial left for the day     → ServerUnreachable: surely not delivered
nobody has taken it in the time of an exchange: it is taken back          → ServerUnreachable: surely not delivered
taken, and no answer in that time; an answer that is damaged or too large → OutcomeUnknown: may be delivered
a manifest that says another status than 200                              → ServerRefused
```
"""

from __future__ import annotations

import errno
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from kakehashi.errors import Fault, OutcomeUnknown, Place, ServerRefused, ServerUnreachable
from kakehashi.ports.clock import Clock
from kakehashi_adapters.durable_file import sweep
from kakehashi_adapters.exchange_folder import parcel
from kakehashi_adapters.exchange_folder.serial import SerialsUsedUp, next_serial

__all__ = ["FolderServerClient"]

_FIRST_LOOK: Final = 0.01
_RAREST_LOOK: Final = 0.5
_KEPT: Final = timedelta(days=1)
"""How long an answer lies there for which nobody waits any more: its batch has asked again."""
_SWEPT_EVERY: Final = timedelta(hours=1)


class FolderServerClient:
    """A ServerClient over files in `folder`. At most `connections` messages are under way; further calls wait for
    their turn within `timeout`, which bounds a whole exchange.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        connections: int = 4,
        timeout: timedelta = timedelta(seconds=30),
        answer_bytes: int = 32 * 1024 * 1024,
        serial_digits: int = 6,
        zipped: bool = False,
    ) -> None:
        self._out, self._in = folder / "to-server", folder / "from-server"
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
            self._sweep_now_and_then()
            name = self._hand_over(message_id, request_id, document)
            answer = self._answer(name, until)
        finally:
            self._free.release()
        if answer.status != 200:
            raise ServerRefused(status=answer.status, retry_after=answer.retry_after)
        return answer.document

    def close(self) -> None:
        self._closed = True

    def _hand_over(self, message_id: str, request_id: str, document: bytes) -> str:
        day = self._clock.now().date()
        name = ""
        try:
            serial = next_serial(self._out, day, digits=self._serial_digits)
            name = f"{message_id}_{day:%Y%m%d}_{serial:0{self._serial_digits}}"
            parcel.write(self._out, name, document, message_id=message_id, request_id=request_id, zipped=self._zipped)
        except SerialsUsedUp:
            raise ServerUnreachable(Fault("SRV-018", Place(file=str(self._out)))) from None
        except (OSError, ValueError) as error:  # ValueError: no number stands where the serial was
            if name:
                parcel.clear(self._out, name)
            raise ServerUnreachable(_fault(self._out, error)) from None
        return name

    def _answer(self, name: str, until: float) -> parcel.Answer:
        pause = _FIRST_LOOK
        while not parcel.is_complete(self._in, name):
            left = until - time.monotonic()
            if left <= 0:
                raise self._given_up(name)
            time.sleep(min(pause, left))
            pause = min(pause * 1.3, _RAREST_LOOK)
        try:
            answer = parcel.read(self._in, name, most=self._answer_bytes)
        except parcel.Damaged:
            self._put_aside(name)
            raise OutcomeUnknown(Fault("SRV-019", Place(file=f"{name}.csv"))) from None
        except OSError as error:
            raise OutcomeUnknown(_fault(self._in, error)) from None
        parcel.clear(self._in, name)
        return answer

    def _given_up(self, name: str) -> ServerUnreachable | OutcomeUnknown:
        try:
            return ServerUnreachable() if parcel.take_back(self._out, name) else OutcomeUnknown()
        except OSError as error:
            return OutcomeUnknown(_fault(self._out, error))

    def _put_aside(self, name: str) -> None:
        """A damaged answer is kept for whoever looks after the folder."""
        aside = self._in / "damaged"
        with suppress(OSError):
            aside.mkdir(exist_ok=True)
            for path in sorted(self._in.glob(f"{name}.*"), key=lambda path: path.suffix != ".end"):
                path.rename(aside / path.name)

    def _sweep_now_and_then(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._swept < _SWEPT_EVERY.total_seconds():
                return
            self._swept = now
        oldest = self._clock.now().timestamp() - _KEPT.total_seconds()
        for folder in (self._out, self._in):
            with suppress(OSError):
                sweep(folder)
                for path in folder.iterdir():
                    if parcel.NAME.fullmatch(path.name) and path.stat().st_mtime < oldest:
                        path.unlink()


def _fault(folder: Path, error: OSError | ValueError) -> Fault:
    number = error.errno if isinstance(error, OSError) else None
    return Fault("SRV-020", Place(file=str(folder)), {"errno": errno.errorcode.get(number or 0, "?")})
