"""The addresses of a broker or of the nodes of a cluster: which is tried next."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pika

__all__ = ["Nodes"]


class Nodes:
    """Shared by all connections of a process: each begins with the node that nobody has lost yet. Thread-safe."""

    def __init__(self, nodes: Sequence[pika.ConnectionParameters]) -> None:
        self._nodes = tuple(nodes)
        self._lock = threading.Lock()
        self._first = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def in_turn(self) -> list[pika.ConnectionParameters]:
        """All of them, in the order in which they are to be tried."""
        with self._lock:
            return [*self._nodes[self._first :], *self._nodes[: self._first]]

    def leave(self, node: pika.ConnectionParameters) -> None:
        """It does not answer, or its connection was lost: the others come first, unless they do already."""
        with self._lock:
            if self._nodes[self._first] is node:
                self._first = (self._first + 1) % len(self._nodes)
