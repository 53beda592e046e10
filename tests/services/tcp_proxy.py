"""A TCP proxy that misbehaves on command: cuts, half-open connections, delays, lost answers, a slow drip.

with TcpProxy("127.0.0.1", port) as proxy:
    client.connect("127.0.0.1", proxy.port)
    proxy.cut()
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Self

__all__ = ["TcpProxy"]

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)


@dataclass
class _Way:
    """One direction of all connections. `left`: bytes until the cut."""

    passed: int = 0
    left: int | None = None


class TcpProxy:
    """Listens on a free port of this machine. Every switch acts on living connections and on new ones.

    `silent`: bytes of both directions are read and thrown away, nothing is closed (half-open).
    `mute`: the same for the answers only. `delay`: seconds before each chunk. `chunk`: bytes at once.
    `refuse`: new connections are closed at once. `passed`: bytes that went to the server. `accepted`: connections that
    were made, refused ones too. `cuts`: how often connections were reset.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.silent = False
        self.mute = False
        self.refuse = False
        self.delay = 0.0
        self.chunk = _CHUNK
        self.accepted = 0
        self.cuts = 0
        self._there = _Way()
        self._back = _Way()
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self.cuts += 1
        for pair in pairs:
            _reset(*pair)

    def cut_after(self, count: int) -> None:
        """Reset every connection as soon as `count` more bytes went to the server, in the middle of anything."""
        with self._lock:
            self._there.left = count

    def cut_answers_after(self, count: int) -> None:
        """The same for bytes that come from the server."""
        with self._lock:
            self._back.left = count

    @property
    def passed(self) -> int:
        return self._there.passed

    def recover(self) -> None:
        """Behave, for new connections; silent ones are reset, for they have lost bytes."""
        if self.silent or self.mute:
            self.cut()
        self.silent = self.mute = self.refuse = False
        self.delay = 0.0
        self.chunk = _CHUNK
        self._there.left = self._back.left = None

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
                self.accepted += 1
                if self.refuse:
                    client.close()
                    continue
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                continue
            server.settimeout(None)
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, self._there), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self._back), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, way: _Way) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(self.chunk):
                if self.delay:
                    time.sleep(self.delay)
                if self.silent or (self.mute and way is self._back):
                    continue
                sink.sendall(self._until_cut(way, data))
        if not self.silent:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def _until_cut(self, way: _Way, data: bytes) -> bytes:
        with self._lock:
            allowed = len(data) if way.left is None else min(len(data), way.left)
            way.passed += allowed
            reached = allowed < len(data)
            way.left = None if way.left is None or reached else way.left - allowed
        if reached:
            self.cut()
        return data[:allowed]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _reset(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            one.shutdown(socket.SHUT_RDWR)
        one.close()
