"""The admin port of a simulator: JSON over plain HTTP on the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Action", "AdminServer"]

Action: TypeAlias = Callable[[Mapping[str, object]], object]
"""(parameters of the query or members of the JSON body) → something for JSON. Raises ValueError to refuse."""

_BODY_MOST = 16 * 1024 * 1024


class AdminServer(ThreadingHTTPServer):
    """`actions` by method and path, such as "GET /account"."""

    daemon_threads = True

    def __init__(self, actions: Mapping[str, Action], *, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.actions = actions

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AdminServer

    def do_GET(self) -> None:
        self._act("GET", dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
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

    def _send(self, status: int, answer: object) -> None:
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
        """Silence."""
