"""How a simulator program lives and ends: ready line, SIGTERM, death of its parent."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Protocol

__all__ = ["die_with_parent", "serve_until_told"]

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.25


class Serving(Protocol):
    """What runs in a thread until it is told to stop."""

    def serve_forever(self, poll_interval: float = ...) -> None: ...

    def shutdown(self) -> None: ...

    def server_close(self) -> None: ...


def serve_until_told(*servers: Serving, ready: Mapping[str, object], parent: int = 0) -> None:
    """Serve, print `ready` as one JSON line, and return after SIGTERM or SIGINT.

    `parent`: end when this process is no longer the parent (kill -9 of a test or of the demo leaves nothing behind).
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    if parent:
        _follow(parent, told)
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    sys.stdout.write(json.dumps({**ready, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    told.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


def die_with_parent() -> None:
    """Ask the kernel to end this process with the thread that started it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _follow(parent: int, told: threading.Event) -> None:
    """Slower than PR_SET_PDEATHSIG but without its trap: that signal comes when the starting *thread* ends."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        told.set()

    threading.Thread(target=watch, daemon=True).start()
