"""A total deadline for one HTTP exchange: httpx bounds each read and write, a peer that drips bytes outlasts them."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpcore
import httpx

__all__ = ["Deadline", "DeadlineTransport"]

_WRITE_BYTES = 64 * 1024
"""Written between two looks at the clock: a peer that reads slowly cannot stretch one long write."""


class Deadline:
    """The end of the exchange that the calling thread works on. Thread-safe: each thread has its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def within(self, duration: timedelta) -> Iterator[None]:
        self._local.end = time.monotonic() + duration.total_seconds()
        try:
            yield
        finally:
            del self._local.end

    def passed(self) -> bool:
        return self.cut(None) <= 0

    def cut(self, timeout: float | None) -> float:
        """The smaller of `timeout` and the time left, in seconds; not positive when the time is over."""
        left: float = getattr(self._local, "end", time.monotonic()) - time.monotonic()
        return left if timeout is None else min(timeout, left)


class DeadlineTransport(httpx.HTTPTransport):
    """An HTTP/1.1 transport whose every system call ends at the deadline of its thread."""

    def __init__(self, deadline: Deadline, *, context: ssl.SSLContext, connections: int, keepalive: timedelta) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx offers no way to hand over a network backend; the pool it made has opened nothing yet.
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=keepalive.total_seconds(),
            network_backend=_Backend(deadline),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._system.connect_tcp(host, port, left, local_address, socket_options), self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), _WRITE_BYTES):
            part = bytes(view[start : start + _WRITE_BYTES])
            self._stream.write(part, _left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(deadline: Deadline, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
    left = deadline.cut(timeout)
    if left <= 0:
        raise over
    return left
