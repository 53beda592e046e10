"""The admin port of a simulator: JSON over plain HTTP on the loopback interface, and one page for a browser.

Only POST changes anything. A browser that another site sends here is turned away: it names a host, or an
origin, that is not ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Action", "AdminServer"]

Action: TypeAlias = Callable[[Mapping[str, object]], object]
"""(parameters of the query or members of the JSON body) → something for JSON. Raises ValueError to refuse."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
_BODY_MOST = 16 * 1024 * 1024


class AdminServer(ThreadingHTTPServer):
    """`actions` by method and path, such as "GET /account". `page`: HTML that GET / gives."""

    daemon_threads = True

    def __init__(self, actions: Mapping[str, Action], *, port: int = 0, page: str = "") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.actions = actions
        self.page = page.encode()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AdminServer

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/" and self.server.page:
            self._send(200, self.server.page, "text/html; charset=utf-8")
            return
        self._act("GET", dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        if self._is_foreign():
            self.close_connection = True
            self._send(403, {"error": "from this machine's own page alone"})
            return
        length = int(self.headers.get("Content-Length", "0"))
        if length > _BODY_MOST:
            self._send(413, {"error": "too large"})
            return
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            body = None
        if isinstance(body, dict):
            self._act("POST", body)
        else:
            self._send(400, {"error": "a JSON object is expected"})

    def _act(self, method: str, parameters: Mapping[str, object]) -> None:
        action = self.server.actions.get(f"{method} {urlsplit(self.path).path}")
        if action is None:
            self._send(404, {"error": "unknown", "known": sorted(self.server.actions)})
            return
        try:
            self._send(200, action(parameters))
        except ValueError as error:  # our own words
            self._send(400, {"error": str(error)})

    def _is_foreign(self) -> bool:
        """Another site's page in a browser of this machine, or a name of the loopback address that is not ours."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        ours = {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}
        return host not in ours or origin not in (None, *(f"http://{name}" for name in ours))

    def _send(self, status: int, answer: object, kind: str = "application/json") -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
        """Silence."""
