"""「証跡」 Every message that reaches a simulator and its answer, as files: the simulator's view of a rehearsal."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from kakehashi_simulators.number_search import without_individual_numbers
from kakehashi_simulators.wire import Exchange, Unreadable

__all__ = ["Recorder"]


class Recorder:
    """An Exchange that writes down what goes through it. A 個人番号, which only a registry is told, is left out.
    Thread-safe.
    """

    def __init__(self, exchange: Exchange, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._exchange = exchange
        self._folder = folder
        self._lock = threading.Lock()
        self._count = sum(1 for _ in folder.glob("*-request.xml"))

    def answer(self, document: bytes, *, over_capacity: bool = False) -> bytes:
        began, at = time.monotonic(), datetime.now(UTC)
        with self._lock:
            self._count += 1
            number = f"{self._count:06}"
        try:
            answer = self._exchange.answer(document, over_capacity=over_capacity)
        except Unreadable:
            self._write(number, at, began, document, None)
            raise
        self._write(number, at, began, document, answer)
        return answer

    def _write(self, number: str, at: datetime, began: float, document: bytes, answer: bytes | None) -> None:
        row: dict[str, object] = {"at": at.isoformat(), "milliseconds": round((time.monotonic() - began) * 1000)}
        for name, content in (("request", document), ("answer", answer)):
            if content is None:
                continue
            kept = without_individual_numbers(content)
            file = f"{number}-{name}.xml"
            (self._folder / file).write_bytes(kept)
            row |= {name: file, f"{name}_sha256": hashlib.sha256(content).hexdigest()}
            row |= {f"{name}_redacted": kept != content}
        with self._lock, (self._folder / "index.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
