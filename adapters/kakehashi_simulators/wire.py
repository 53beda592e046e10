"""HTTP/1.1 over TLS with the socket in reach: what faults at the wire need and no framework gives."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Protocol, cast

from kakehashi_simulators.faults import Faults, Switches
from kakehashi_simulators.rate import Rate

__all__ = ["Exchange", "Gauge", "Unreadable", "WireServer", "mutual_tls", "reset_connection"]

PATH = "/exchange"
_HANDSHAKE_SECONDS = 10.0
_IDLE_SECONDS = 60.0
_HEADER_BYTES = 1000
_BODY_MOST = 64 * 1024 * 1024
_HUGE_BYTES = 4 * 1024 * 1024 * 1024
_ARRIVALS = 200_000
_GARBAGE = b"\x00\xff\xfe<Result>\x80 not a message"


class _Swap:
    """Two answers that meet here within a second take each other's place. Thread-safe."""

    def __init__(self) -> None:
        self._met = threading.Condition()
        self._waiting: list[bytes] | None = None

    def other(self, answer: bytes) -> bytes:
        with self._met:
            if self._waiting is not None:
                first, self._waiting = self._waiting, None
                first.append(answer)
                self._met.notify_all()
                return first[0]
            mine = self._waiting = [answer]
            if not self._met.wait_for(lambda: len(mine) > 1, 1.0):
                self._waiting = None
            return mine[-1]


class Unreadable(Exception):
    """The body is no message at all: HTTP 400."""


class Exchange(Protocol):
    """What stands behind the wire."""

    def answer(self, document: bytes, *, over_capacity: bool = False) -> bytes:
        """Raises Unreadable when there is nothing to answer to."""


class Gauge:
    """Connections and requests now and at most; TLS handshakes that failed; when the newest requests arrived.
    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.arrivals: deque[float] = deque(maxlen=_ARRIVALS)
        self.connections = self.connections_most = self.requests = self.requests_most = self.handshakes_refused = 0

    @contextmanager
    def connection(self) -> Iterator[None]:
        with self._lock:
            self.connections += 1
            self.connections_most = max(self.connections_most, self.connections)
        try:
            yield
        finally:
            with self._lock:
                self.connections -= 1

    @contextmanager
    def request(self) -> Iterator[int]:
        """Gives the number of requests in work, this one included."""
        with self._lock:
            self.requests += 1
            self.arrivals.append(time.time())
            self.requests_most = max(self.requests_most, self.requests)
            now = self.requests
        try:
            yield now
        finally:
            with self._lock:
                self.requests -= 1

    def refused_handshake(self) -> None:
        with self._lock:
            self.handshakes_refused += 1


def mutual_tls(certificates: Path) -> ssl.SSLContext:
    """A server context that shows server.pem and demands a client certificate of ca.pem; TLS ≥ 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class WireServer(ThreadingHTTPServer):
    """Serves `exchange` at /exchange. One thread a connection; the handshake is in that thread."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self,
        exchange: Exchange,
        *,
        faults: Faults,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        requests_most: int = 1_000_000,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.exchange = exchange
        self.faults = faults
        self.gauge = Gauge()
        self.swap = _Swap()
        self.rate = Rate()
        self.requests_most = requests_most
        self._tls = tls
        self._open: set[socket.socket] = set()

    @property
    def endpoint(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.server_port}{PATH}"

    def drop_connections(self) -> None:
        """End every open connection; their clients see it before they send again."""
        for connection in tuple(self._open):
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # past SSLSocket, whose own is not thread-safe
            except OSError:
                continue

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if self.faults.now.refuse_connections:
            reset_connection(cast("socket.socket", request))
            return
        super().process_request(request, cast("tuple[str, int]", client_address))

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        connection = self._secured(cast("socket.socket", request))
        if connection is None:
            return
        self._open.add(connection)
        try:
            with self.gauge.connection():
                _Handler(connection, cast("tuple[str, int]", client_address), self)
        except OSError:
            return  # the client, or a fault, ended the connection
        finally:
            self._open.discard(connection)
            connection.close()

    def _secured(self, request: socket.socket) -> socket.socket | None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return request
        request.settimeout(_HANDSHAKE_SECONDS)
        secured = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError:
            self.gauge.refused_handshake()
            _close_after_alert(secured)
            return None
        return secured


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    server: WireServer
    connection: socket.socket
    close_connection: bool
    reasons: ClassVar[dict[int, str]] = {200: "OK", 503: "Service Unavailable", 429: "Too Many Requests"}

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdigit() or int(length) > _BODY_MOST:
            self._status(413 if length.isdigit() and self.path == PATH else 404, None)
            return
        document = self.rfile.read(int(length))
        if len(document) < int(length):
            self.close_connection = True
            return
        with self.server.gauge.request() as now:
            over = now > self.server.requests_most
            self._answer(document, over_capacity=over, too_fast=not over and self.server.rate.exceeded())

    def _answer(self, document: bytes, *, over_capacity: bool, too_fast: bool) -> None:
        switches = self.server.faults.now
        strikes: Callable[[str], bool] = self.server.faults.strikes
        if switches.only and f"<MessageId>{switches.only}".encode() not in document[:_HEADER_BYTES]:
            switches, strikes = Switches(), lambda _name: False
        if (over_capacity or too_fast) and not switches.capacity_message:
            self._status(429 if too_fast else 503, 1 if switches.retry_after is None else switches.retry_after)
            return
        if switches.http_status and strikes("http_status_times"):
            self._status(switches.http_status, switches.retry_after)
            return
        time.sleep(switches.delay_seconds)
        if strikes("cut_before_apply"):
            self._cut()
            return
        try:
            answer = self.server.exchange.answer(document, over_capacity=over_capacity or too_fast)
        except Unreadable:
            self._status(400, None)
            return
        time.sleep(switches.answer_delay_seconds)
        self._give(answer, switches, strikes)

    def _give(self, answer: bytes, switches: Switches, strikes: Callable[[str], bool]) -> None:
        if strikes("drop_response_after_apply"):
            self._cut()
        elif strikes("huge_answer"):
            self._send_huge()
        elif strikes("slow_drip"):
            self._send_dripping(answer, switches.drip_seconds)
        elif strikes("duplicate_answer"):
            self._send(200, answer)
            self._send(200, answer)
        elif strikes("swapped_answers"):
            self._send(200, self.server.swap.other(answer))
        else:
            self._send(200, _GARBAGE if strikes("garbage_answer") else answer)

    def _send(self, status: int, body: bytes, *headers: str) -> None:
        self.wfile.write(self._head(status, len(body), *headers) + body)  # one write: one packet where it fits

    def _head(self, status: int, length: int, *headers: str) -> bytes:
        lines = [
            f"HTTP/1.1 {status} {self.reasons.get(status, 'Refused')}",
            "Content-Type: application/xml",
            f"Content-Length: {length}",
            *headers,
            *(["Connection: close"] if self.close_connection else []),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def _status(self, status: int, retry_after: int | None) -> None:
        self.close_connection = True
        self._send(status, b"", *([f"Retry-After: {retry_after}"] if retry_after is not None else []))

    def _cut(self) -> None:
        self.close_connection = True
        reset_connection(self.connection)

    def _send_huge(self) -> None:
        self.close_connection = True
        block = b" " * 1_048_576
        self.wfile.write(self._head(200, _HUGE_BYTES))
        for _ in range(_HUGE_BYTES // len(block)):
            self.wfile.write(block)

    def _send_dripping(self, answer: bytes, seconds: float) -> None:
        self.close_connection = True
        for byte in self._head(200, len(answer)) + answer:
            self.wfile.write(bytes([byte]))
            time.sleep(seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
        """Silence: a simulator's voice is its account."""


def reset_connection(connection: socket.socket) -> None:
    """End with RST, as a crashed peer or a cut line does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close(connection)


def _close_after_alert(connection: socket.socket) -> None:
    """Let the alert reach the client: closing with unread bytes would overtake it with a reset."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(1.0)
        while socket.socket.recv(connection, 65536):
            pass
    except OSError:
        pass
    finally:
        connection.close()
