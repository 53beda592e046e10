"""A connection that is made by the first call, and again by the first call after each loss that is not too early."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from kakehashi.errors import BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi_adapters.amqp.io_thread import Connected, IoThread
from kakehashi_adapters.amqp.nodes import Nodes
from kakehashi_adapters.amqp.translation import again

__all__ = ["Link"]

_OWNER = TypeVar("_OWNER", bound=Connected)
_STEPS = (0.25, 0.5, 1.0, 2.0, 4.0)
_REFUSED_SECONDS = 5.0  # wrong password or rights: people must act, and brokers lock out who knocks too often


class Link(Generic[_OWNER]):
    """Thread-safe. `make` gives a new owner for each new connection. One try goes through all nodes of a cluster."""

    def __init__(self, nodes: Nodes, make: Callable[[], _OWNER]) -> None:
        self._nodes = nodes
        self._make = make
        self._lock = threading.Lock()
        self._current: tuple[IoThread, _OWNER] | None = None
        self._closed = False
        self._failures = 0
        self._next_try = 0.0
        self._error: BrokerError | None = None

    def get(self) -> tuple[IoThread, _OWNER]:
        """The living connection. Raises the error of the last try while it is too early for another one."""
        with self._lock:
            if self._closed:
                raise BrokerUnavailable
            if self._current is not None:
                if self._current[0].error is None:
                    return self._current
                self._nodes.leave(self._current[0].node)
                self._current = None
            if self._error is not None and time.monotonic() < self._next_try:
                raise again(self._error)
            self._current = self._connect()
            return self._current

    def _connect(self) -> tuple[IoThread, _OWNER]:
        """Raises the error of the node that was tried last."""
        last: BrokerError = BrokerUnavailable()
        for node in self._nodes.in_turn():
            owner = self._make()
            thread = IoThread(node, owner)
            try:
                thread.connect()
            except BrokerError as error:
                self._nodes.leave(node)
                last = error
            else:
                self._failures = 0
                self._error = None
                return thread, owner
        refused = _REFUSED_SECONDS * len(self._nodes)
        wait = _STEPS[min(self._failures, len(_STEPS) - 1)]
        self._next_try = time.monotonic() + (refused if isinstance(last, BrokerMisconfigured) else wait)
        self._failures += 1
        self._error = last
        raise last

    def drop(self, thread: IoThread) -> None:
        """`thread` is of no use any more, although it does not know it."""
        thread.run(functools.partial(thread.fail, BrokerUnavailable()))

    def close(self) -> None:
        """Wait for the connection's end. The second time it does nothing."""
        with self._lock:
            self._closed = True
            if self._current is not None:
                if self._current[0].error is not None:
                    self._nodes.leave(self._current[0].node)
                self._current[0].close()
