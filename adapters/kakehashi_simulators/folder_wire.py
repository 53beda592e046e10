"""An exchange folder as the server's side sees it: takes what lies in `to-server`, answers into `from-server`.

Written apart from the gateway's own reader and writer. The switches of `Faults` mean here what they mean on a wire, but
that `refuse_connections` takes nothing, and `swapped_answers` and `duplicate_answer` have no meaning.
"""

from __future__ import annotations

import csv
import hashlib
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Event

from kakehashi_simulators.faults import Faults, Switches
from kakehashi_simulators.rate import Rate
from kakehashi_simulators.wire import Exchange, Gauge, Unreadable

__all__ = ["FolderWire"]

_LOOK_SECONDS = 0.02
_HEADER_BYTES = 1000
_HUGE_BYTES = 4 * 1024 * 1024 * 1024
_GARBAGE = b"\x00\xff\xfe<Result>\x80 not a message"
_COLUMNS = ("file", "bytes", "sha256", "records", "message_id", "request_id", "status", "retry_after")


class FolderWire:
    """Serves `exchange` in `folder`. At most `requests_most` messages at a time are not over capacity."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        folder: Path,
        faults: Faults,
        gauge: Gauge,
        rate: Rate | None = None,
        requests_most: int = 1_000_000,
    ) -> None:
        self.exchange = exchange
        self.faults = faults
        self.gauge = gauge
        self.rate = rate or Rate()
        self.requests_most = requests_most
        self._given, self._answers = folder / "to-server", folder / "from-server"
        for each in (self._given, self._answers):
            each.mkdir(parents=True, exist_ok=True)
        self._told = Event()
        self._pool = ThreadPoolExecutor(32)

    @property
    def endpoint(self) -> str:
        return f"folder:{self._given.parent}"

    def serve_forever(self, poll_interval: float = _LOOK_SECONDS) -> None:
        while not self._told.wait(min(poll_interval, _LOOK_SECONDS)):
            if self.faults.now.refuse_connections:
                continue
            for marker in sorted(self._given.glob("*.end")):
                with suppress(OSError):
                    marker.rename(marker.with_suffix(".taken"))
                    self._pool.submit(self._serve, marker.stem)

    def shutdown(self) -> None:
        self._told.set()

    def server_close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _serve(self, name: str) -> None:
        with suppress(OSError), self.gauge.request() as now:
            try:
                row, document = self._read(name)
            except (ValueError, KeyError, zipfile.BadZipFile):
                self._give(name, b"", status=400)
                return
            finally:
                for suffix in (".taken", ".csv", ".xml", ".zip"):
                    (self._given / f"{name}{suffix}").unlink(missing_ok=True)
            over = now > self.requests_most
            too_fast = not over and self.rate.exceeded()
            zipped = row["file"].endswith(".zip")
            self._answer(name, document, zipped=zipped, over=over, too_fast=too_fast)

    def _answer(self, name: str, document: bytes, *, zipped: bool, over: bool, too_fast: bool) -> None:
        switches = self.faults.now
        strikes: Callable[[str], bool] = self.faults.strikes
        if switches.only and f"<MessageId>{switches.only}".encode() not in document[:_HEADER_BYTES]:
            switches, strikes = Switches(), lambda _name: False
        if (over or too_fast) and not switches.capacity_message:
            self._give(
                name,
                b"",
                status=429 if too_fast else 503,
                wait=1 if switches.retry_after is None else switches.retry_after,
            )
            return
        if switches.http_status and strikes("http_status_times"):
            self._give(name, b"", status=switches.http_status, wait=switches.retry_after)
            return
        time.sleep(switches.delay_seconds)
        if strikes("cut_before_apply"):
            return
        try:
            answer = self.exchange.answer(document, over_capacity=over or too_fast)
        except Unreadable:
            self._give(name, b"", status=400)
            return
        time.sleep(switches.answer_delay_seconds)
        if strikes("drop_response_after_apply"):
            return
        if strikes("huge_answer"):
            self._give_huge(name)
            return
        drip = switches.drip_seconds if strikes("slow_drip") else 0.0
        self._give(name, _GARBAGE if strikes("garbage_answer") else answer, zipped=zipped, drip=drip)

    def _read(self, name: str) -> tuple[dict[str, str], bytes]:
        """Raises ValueError for what is not as its manifest says."""
        with (self._given / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
            (row,) = csv.DictReader(stream)
        content = (self._given / row["file"]).read_bytes()
        if (str(len(content)), hashlib.sha256(content).hexdigest()) != (row["bytes"], row["sha256"]):
            raise ValueError(name)
        if not row["file"].endswith(".zip"):
            return row, content
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return row, archive.read(f"{name}.xml")

    def _give(
        self, name: str, document: bytes, *, status: int = 200, wait: int | None = None, zipped: bool = False,
        drip: float = 0.0,
    ) -> None:  # fmt: skip
        file, content = f"{name}.xml", document
        if zipped:
            file, made = f"{name}.zip", BytesIO()
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"{name}.xml", document)
            content = made.getvalue()
        with (self._answers / file).open("wb") as stream:
            if drip:
                for byte in content:
                    stream.write(bytes([byte]))
                    stream.flush()
                    time.sleep(drip)
            else:
                stream.write(content)
        self._finish(name, [file, len(content), hashlib.sha256(content).hexdigest(), status, wait])

    def _give_huge(self, name: str) -> None:
        with (self._answers / f"{name}.xml").open("wb") as stream:
            stream.truncate(_HUGE_BYTES)
        self._finish(name, [f"{name}.xml", _HUGE_BYTES, "0" * 64, 200, None])

    def _finish(self, name: str, told: list[object]) -> None:
        file, size, digest, status, wait = told
        with (self._answers / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(
                [_COLUMNS, (file, size, digest, "", "", "", status, "" if wait is None else wait)]
            )
        self._mark(name)

    def _mark(self, name: str) -> None:
        (self._answers / f"{name}.end").touch()
