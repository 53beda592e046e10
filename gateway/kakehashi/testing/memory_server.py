"""An intermediate server inside the process: a function answers, faults are switched by methods."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from kakehashi.errors import ServerError, ServerUnreachable

__all__ = ["Delivered", "MemoryServerClient"]


class Delivered(NamedTuple):
    """One message that arrived."""

    message_id: str
    request_id: str
    document: bytes


class MemoryServerClient:
    """A ServerClient whose answers come from `answer(message)`; what that raises, exchange raises.

    `delivered` lists the messages in order of arrival. `fail_before` makes calls fail without delivering,
    `fail_after` delivers, lets the function act and loses its answer; both last until `recover`. Thread-safe.
    """

    def __init__(self, answer: Callable[[Delivered], bytes]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._delivered: list[Delivered] = []
        self._before: ServerError | None = None
        self._after: ServerError | None = None
        self._closed = False

    @property
    def delivered(self) -> tuple[Delivered, ...]:
        with self._lock:
            return tuple(self._delivered)

    def fail_before(self, error: ServerError) -> None:
        self._before = error

    def fail_after(self, error: ServerError) -> None:
        self._after = error

    def recover(self) -> None:
        self._before = self._after = None

    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:
        if self._closed:
            raise ServerUnreachable
        if self._before is not None:
            raise self._before
        message = Delivered(message_id, request_id, document)
        with self._lock:
            self._delivered.append(message)
        answer = self._answer(message)
        if self._after is not None:
            raise self._after
        return answer

    def close(self) -> None:
        self._closed = True
