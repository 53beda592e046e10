"""Publishes with confirms: a call returns when the broker has all its messages on a majority of its disks."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

from kakehashi.errors import BrokerBlocked, BrokerUnavailable
from kakehashi_adapters.amqp.address import Address
from kakehashi_adapters.amqp.io_thread import IoThread
from kakehashi_adapters.amqp.link import Link
from kakehashi_adapters.amqp.names import Letter
from kakehashi_adapters.amqp.translation import again
from kakehashi_adapters.amqp.window import Call, Window

__all__ = ["Publisher"]

_CONFIRM_SECONDS = 60.0  # without a single confirm: a cluster that has lost its majority confirms nothing
_LOOK_SECONDS = 0.25


class Publisher:
    """One connection, made by the first call and again after each loss. Several threads may publish at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._link = Link(address.nodes, Window)

    def publish(self, letters: Sequence[Letter]) -> None:
        """As ports.broker.Broker.publish."""
        thread, window = self._link.get()
        self._raise_when_blocked(window)
        if not letters:
            return
        call = Call(letters)
        thread.run(functools.partial(window.add, call))
        try:
            self._wait(call, thread, window)
        finally:
            call.abandoned = True
        if call.error is not None:
            raise again(call.error)

    def _wait(self, call: Call, thread: IoThread, window: Window) -> None:
        while not call.done.wait(_LOOK_SECONDS):
            if window.error is not None:
                raise again(window.error)
            self._raise_when_blocked(window)
            if window.blocked_since is None and time.monotonic() - call.progress > _CONFIRM_SECONDS:
                self._link.drop(thread)
                raise BrokerUnavailable

    def _raise_when_blocked(self, window: Window) -> None:
        since = window.blocked_since
        if since is not None and time.monotonic() - since > self._address.blocked_after:
            raise BrokerBlocked

    def close(self) -> None:
        self._link.close()
