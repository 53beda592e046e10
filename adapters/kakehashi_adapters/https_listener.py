"""Where the intermediate server reaches us: HTTPS with mutual TLS, one message a request, on the standard library."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from kakehashi.errors import ConfigurationError, Fault, Place, ServerUnreachable

__all__ = ["HttpsListener"]

_HANDSHAKE_SECONDS = 10.0


class HttpsListener:
    """A Listener. TLS ≥ 1.2; a client without a certificate of `ca`, or (where `peers` names any) with another common
    name, is not heard. At most `connections` at a time, further ones are told 503; a request of more than
    `request_bytes` is refused unread, and a connection that is silent for `idle` seconds is closed.
    """

    def __init__(
        self,
        address: str,
        answer: Callable[[bytes, frozenset[str]], bytes | None],
        *,
        ca: Path,
        certificate: Path,
        key: Path,
        peers: frozenset[str] = frozenset(),
        connections: int = 16,
        request_bytes: int = 64 * 1024,
        idle: float = 60.0,
    ) -> None:
        self._address = urlsplit(address)
        self._answer = answer
        self._files = {"ca": ca, "certificate": certificate, "key": key}
        self._peers = peers
        self._connections = connections
        self._request_bytes = request_bytes
        self._idle = idle
        self._server: _Server | None = None

    def start(self) -> None:
        context = _context(self._files)
        port = self._address.port
        host, port = self._address.hostname or "", 443 if port is None else port
        try:
            self._server = _Server((host, port), context, self)
        except OSError:
            raise ServerUnreachable(Fault("SRV-017")) from None
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.server_port

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    # What the connections need
    @property
    def path(self) -> str:
        return self._address.path or "/"

    def answered(self, document: bytes, certificate: object) -> bytes | None:
        return self._answer(document, _common_names(certificate))

    @property
    def limits(self) -> tuple[int, int, float]:
        """Connections, bytes of a request, seconds of silence."""
        return self._connections, self._request_bytes, self._idle

    def knows(self, certificate: object) -> bool:
        return not self._peers or bool(self._peers & _common_names(certificate))


def _context(files: dict[str, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    faults = [
        Fault("CFG-005", Place(file="gateway.toml", item=f"answering.{name}"))
        for name, path in files.items()
        if not path.is_file()
    ]
    if faults:
        raise ConfigurationError(faults)
    try:
        context.load_cert_chain(files["certificate"], files["key"])
        context.load_verify_locations(files["ca"])
    except (OSError, ssl.SSLError):
        place = Place(file="gateway.toml", item="answering.certificate")
        raise ConfigurationError([Fault("CFG-003", place, {"expected": "PEM files that belong together"})]) from None
    return context


def _common_names(certificate: object) -> frozenset[str]:
    subject = certificate.get("subject", ()) if isinstance(certificate, dict) else ()
    return frozenset(value for part in subject for name, value in part if name == "commonName")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext, listener: HttpsListener) -> None:
        super().__init__(address, _Handler)
        self.listener = listener
        self.free = threading.Semaphore(listener.limits[0])
        self._tls = tls

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """In the connection's own thread: a slow handshake holds nobody."""
        raw = cast("socket.socket", request)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(_HANDSHAKE_SECONDS)
        try:
            secured = self._tls.wrap_socket(raw, server_side=True)
        except OSError:
            return
        try:
            if self.listener.knows(secured.getpeercert()):
                secured.settimeout(self.listener.limits[2])
                _Handler(secured, cast("tuple[str, int]", client_address), self)
        except OSError:
            return  # the other side has gone
        finally:
            secured.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """No trace goes to standard error: it could hold what was asked."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    connection: ssl.SSLSocket

    def do_POST(self) -> None:
        _, most, _ = self.server.listener.limits
        length = self.headers.get("Content-Length", "")
        if self.path != self.server.listener.path:
            self._send(404)
        elif not (length.isascii() and length.isdigit()):
            self._send(411)
        elif int(length) > most:
            self._send(413)
        elif not self.server.free.acquire(blocking=False):
            self._send(503, retry=True)
        else:
            try:
                document = self.rfile.read(int(length))
                whole, certificate = len(document) == int(length), self.connection.getpeercert()
                answer = self.server.listener.answered(document, certificate) if whole else None
            finally:
                self.server.free.release()
            self._send(400 if answer is None else 200, answer or b"")

    def _send(self, status: int, body: bytes = b"", *, retry: bool = False) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        if retry:
            self.send_header("Retry-After", "1")
        if status != 200:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
        """Silence: the log is ours."""
