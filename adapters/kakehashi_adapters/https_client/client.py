"""The intermediate server over HTTPS with mutual TLS.

What an error means for the message:
```
ConnectError, ConnectTimeout, PoolTimeout, UnsupportedProtocol, ProxyError   → ServerUnreachable: surely not delivered
a TLS alert about our certificate (TLS 1.3 sends it after the handshake)     → ServerUnreachable
our certificate files missing or unusable                                    → ServerUnreachable
every other httpx error, an answer over the cap, the total deadline          → OutcomeUnknown: may be delivered
any HTTP status but 200                                                      → ServerRefused
```
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx

from kakehashi.errors import ConfigurationError, Fault, OutcomeUnknown, Place, ServerRefused, ServerUnreachable
from kakehashi_adapters.https_client.deadline import Deadline, DeadlineTransport, LivePeer

__all__ = ["DELIVERY", "HttpsServerClient"]

DELIVERY: Final[dict[type[Exception], bool]] = {
    httpx.ConnectError: False,
    httpx.ConnectTimeout: False,
    httpx.PoolTimeout: False,
    httpx.UnsupportedProtocol: False,
    httpx.ProxyError: False,
    httpx.InvalidURL: False,
    httpx.ReadError: True,
    httpx.ReadTimeout: True,
    httpx.WriteError: True,
    httpx.WriteTimeout: True,
    httpx.CloseError: True,
    httpx.RemoteProtocolError: True,
    httpx.LocalProtocolError: True,
    httpx.ProtocolError: True,
    httpx.NetworkError: True,
    httpx.TimeoutException: True,
    httpx.TransportError: True,
    httpx.RequestError: True,
    httpx.HTTPStatusError: True,
    httpx.HTTPError: True,
    httpx.DecodingError: True,
    httpx.TooManyRedirects: True,
    httpx.CookieConflict: True,
    httpx.StreamConsumed: True,
    httpx.StreamClosed: True,
    httpx.ResponseNotRead: True,
    httpx.RequestNotRead: True,
    httpx.StreamError: True,
}
"""Every exception class of httpx → whether the message may have been delivered."""

_HEADERS = {"Content-Type": "application/xml", "Accept": "application/xml", "Accept-Encoding": "identity"}
_KEEPALIVE = timedelta(seconds=4)
"""Shorter than servers keep an idle connection, so that no request meets one that is just being closed."""
_RETRY_AFTER_MOST = 24 * 60 * 60


class HttpsServerClient:
    """A ServerClient over HTTPS: TLS ≥ 1.2, the server's CA and name verified, our certificate presented.

    No redirects, no proxies or settings from the environment, no retries, no cookies. `timeout` bounds a whole
    exchange from the wait for a connection to the last byte; `connect_timeout` bounds reaching the server. At most
    `connections` are open; further calls wait for one within `timeout`. `refuses` is asked of the address and port of
    each new connection: where it says yes, nothing is sent (RHS-003). Certificate files are read once, by `check` or
    the first exchange; missing (CFG-005) and unusable (CFG-003) ones are named, never a value of theirs.

    Each connection is an httpx client of its own, used by one thread at a time: httpcore's shared pool may close a
    connection that another thread has just begun to use (encode/httpcore issue 1110).
    """

    def __init__(
        self,
        endpoint: str,
        *,
        ca: Path,
        certificate: Path,
        key: Path,
        connections: int = 4,
        timeout: timedelta = timedelta(seconds=30),
        connect_timeout: timedelta = timedelta(seconds=5),
        answer_bytes: int = 32 * 1024 * 1024,
        refuses: Callable[[str, int], bool] = lambda _address, _port: False,
    ) -> None:
        self._endpoint = _https_url(endpoint)
        self._files = {"ca": ca, "certificate": certificate, "key": key}
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._answer_bytes = answer_bytes
        self._refuses = refuses
        self._free = threading.Semaphore(connections)
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        self._context: ssl.SSLContext | None = None
        self._closed = False

    def check(self) -> None:
        """At a program's start: raise ConfigurationError, with every fault, when the certificate files cannot serve."""
        with self._lock:
            self._tls()

    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:  # noqa: ARG002  # the port's
        deadline = Deadline(self._timeout)
        if self._closed or not self._free.acquire(timeout=self._timeout.total_seconds()):
            raise ServerUnreachable
        try:
            line = self._take()
            try:
                return self._post(line, deadline, request_id, document)
            finally:
                self._give_back(line)
        finally:
            self._free.release()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def _post(self, line: _Line, deadline: Deadline, request_id: str, document: bytes) -> bytes:
        try:
            return line.post(deadline, request_id, document, answer_bytes=self._answer_bytes)
        except tuple(DELIVERY) as error:
            code = _why_unreachable(error)
            delivered = DELIVERY.get(type(error), True) and not _certificate_refused(error)
        if delivered:
            raise OutcomeUnknown
        raise ServerUnreachable(Fault(code))

    def _take(self) -> _Line:
        """The line that was used last: its connection is the most likely to be open still."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            try:
                context = self._tls()
            except ConfigurationError as error:  # nothing was sent, and the files may be back at the next try
                raise ServerUnreachable(error.fault) from None
            return _Line(self._endpoint, context, connect_timeout=self._connect_timeout, refuses=self._refuses)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = _tls_context(self._files)
        return self._context

    def _give_back(self, line: _Line) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(line)
                return
        line.close()


class _Line:
    """One connection to the server, opened when it is needed. One thread at a time."""

    def __init__(
        self,
        endpoint: httpx.URL,
        context: ssl.SSLContext,
        *,
        connect_timeout: timedelta,
        refuses: Callable[[str, int], bool],
    ) -> None:
        self._endpoint = endpoint
        self._transport = DeadlineTransport(context, keepalive=_KEEPALIVE, refuses=refuses)
        self._client = httpx.Client(
            transport=self._transport,
            trust_env=False,
            follow_redirects=False,
            headers=_HEADERS,
            timeout=httpx.Timeout(None, connect=connect_timeout.total_seconds()),  # the rest is the deadline's
        )

    def post(self, deadline: Deadline, request_id: str, document: bytes, *, answer_bytes: int) -> bytes:
        self._transport.deadline = deadline
        headers = {"X-Request-Id": request_id}
        with self._client.stream("POST", self._endpoint, content=document, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ServerRefused(status=response.status_code, retry_after=_retry_after(response.headers))
            answer = bytearray()
            for part in response.iter_raw():
                answer += part
                if len(answer) > answer_bytes:
                    raise OutcomeUnknown
            return bytes(answer)

    def close(self) -> None:
        self._client.close()


def _https_url(endpoint: str) -> httpx.URL:
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme != "https" or not url.host:
        raise ConfigurationError([Fault("CFG-003", Place(item="endpoint"), {"expected": "https://host:port/path"})])
    return url


def _tls_context(files: dict[str, Path]) -> ssl.SSLContext:
    missing = [_file_fault("CFG-005", name, path) for name, path in files.items() if not path.is_file()]
    if missing:
        raise ConfigurationError(missing)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=files["ca"])
    except OSError:  # ssl.SSLError is one
        raise ConfigurationError([_file_fault("CFG-003", "ca", files["ca"])]) from None
    try:
        # An encrypted key would ask at the terminal: an empty password makes it an error instead.
        context.load_cert_chain(files["certificate"], files["key"], password="")
    except OSError:
        faults = [_file_fault("CFG-003", name, files[name]) for name in ("certificate", "key")]
        raise ConfigurationError(faults) from None
    return context


def _file_fault(code: str, name: str, path: Path) -> Fault:
    return Fault(code, Place(file=path.name, item=name))


def _why_unreachable(error: BaseException) -> str:
    """The code of what kept the message from being sent."""
    if isinstance(error.__cause__, LivePeer):
        return "RHS-003"
    return "SRV-016" if _handshake_failed(error) else ServerUnreachable.default_code


def _handshake_failed(error: BaseException | None) -> bool:
    """Whether TLS itself is behind `error`: a certificate, a version, a peer that speaks something else."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _certificate_refused(error: BaseException | None) -> bool:
    """Whether a TLS alert about our certificate is behind `error`: no server reads data after sending one."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            reason = error.reason or ""
            return "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"))
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: httpx.Headers) -> int | None:
    """Seconds; an HTTP date counts from the answer's own Date, so that two clocks need not agree."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _RETRY_AFTER_MOST)
    try:
        wait = (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(int(wait), 0), _RETRY_AFTER_MOST)
