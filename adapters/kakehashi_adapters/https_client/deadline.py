"""A total deadline for one HTTP exchange: httpx bounds each read and write, a peer that drips bytes outlasts them."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

import httpcore
import httpx

__all__ = ["Deadline", "DeadlineTransport", "LivePeer"]

_WRITE_BYTES = 64 * 1024
"""Written between two looks at the clock: a peer that reads slowly cannot stretch one long write."""


class LivePeer(httpcore.ConnectError):
    """The connection has reached an address to which no test may go; nothing was sent, no TLS begun."""


class Deadline:
    """A moment, `duration` from now, after which nothing is read or written any more."""

    def __init__(self, duration: timedelta) -> None:
        self._end = time.monotonic() + duration.total_seconds()

    def cut(self, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
        """The smaller of `timeout` and the time left, in seconds. Raises `over` when the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise over
        return left if timeout is None else min(timeout, left)


class DeadlineTransport(httpx.HTTPTransport):
    """One HTTP/1.1 connection whose every system call ends at `deadline`, which is set before each request.

    `refuses`: asked of the address and port that a new connection has reached.
    """

    def __init__(self, context: ssl.SSLContext, *, keepalive: timedelta, refuses: Callable[[str, int], bool]) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx offers no way to hand over a network backend; the pool it made has opened nothing yet.
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=keepalive.total_seconds(),
            network_backend=_Backend(self, refuses),
        )
        self.deadline = Deadline(timedelta(0))


class _Backend(httpcore.NetworkBackend):
    def __init__(self, transport: DeadlineTransport, refuses: Callable[[str, int], bool]) -> None:
        self._transport = transport
        self._refuses = refuses
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._transport.deadline.cut(timeout, httpcore.ConnectTimeout)
        stream = self._system.connect_tcp(host, port, left, local_address, socket_options)
        reached = stream.get_extra_info("server_addr")
        if self._refuses(str(reached[0]), int(reached[1])):
            stream.close()
            raise LivePeer
        return _Stream(stream, self._transport)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, transport: DeadlineTransport) -> None:
        self._stream = stream
        self._transport = transport

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._transport.deadline.cut(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), _WRITE_BYTES):
            part = bytes(view[start : start + _WRITE_BYTES])
            self._stream.write(part, self._transport.deadline.cut(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._transport.deadline.cut(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._transport)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
