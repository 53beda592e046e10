"""One AMQP connection on a thread of its own. Only pika and short callbacks run there, so heartbeats never wait."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, Protocol

import pika
from pika.adapters.select_connection import IOLoop

from kakehashi.errors import BrokerError, BrokerUnavailable
from kakehashi_adapters.amqp.translation import again, translate

__all__ = ["Connected", "IoThread"]

_P = ParamSpec("_P")
_CLOSE_SECONDS = 3.0
_SILENT_BEATS = 2


class Connected(Protocol):
    """What hangs on a connection. All methods are called on the I/O thread and must not block."""

    def opened(self, thread: IoThread, connection: pika.SelectConnection) -> None:
        """Open channels; call `thread.ready()` when calls may begin."""

    def blocked(self, is_blocked: bool) -> None:  # noqa: FBT001  # an event's only fact
        """An alarm of the broker began or ended."""

    def lost(self, error: BrokerError) -> None:
        """The end, called exactly once: nothing that was begun will be answered."""


class IoThread:
    """`connect` once; then `run` actions until `error` is set. Nothing but `run` and `close` is for other threads."""

    def __init__(self, node: pika.ConnectionParameters, owner: Connected) -> None:
        self.node = node
        self._owner = owner
        self._connection: pika.SelectConnection | None = None
        self._loop = IOLoop()
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self.error: BrokerError | None = None
        self._thread = threading.Thread(target=self._main, name="kakehashi-amqp", daemon=True)

    def connect(self) -> None:
        """Block until the owner is ready or the attempt has failed (bounded by the parameters' timeouts)."""
        self._thread.start()
        stack = (self.node.stack_timeout or 0) + _CLOSE_SECONDS
        if not self._settled.wait(stack):
            self.run(functools.partial(self.fail, BrokerUnavailable()))
            raise BrokerUnavailable
        if self.error is not None:
            raise again(self.error)

    def ready(self) -> None:
        self._settled.set()

    def run(self, action: Callable[[], None]) -> None:
        """Have `action` run on the I/O thread, soon. Raises when the connection is lost; one that is lost a moment
        later never runs it, and the owner's `lost` tells.
        """
        with self._lock:
            if self.error is not None:
                raise again(self.error)
            self._loop.add_callback_threadsafe(self.guard(action))

    def guard(self, callback: Callable[_P, None]) -> Callable[_P, None]:
        """`callback` for pika: an exception in it ends this connection with a translated error."""

        @functools.wraps(callback)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                callback(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # the edge: nothing may pass untranslated
                self.fail(translate(error))

        return guarded

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """On the I/O thread only."""
        self._loop.call_later(seconds, self.guard(action))

    def fail(self, error: BrokerError) -> None:
        """End the connection because of `error`. On the I/O thread only."""
        with self._lock:
            if self.error is not None:
                return
            self.error = error
        self._owner.lost(error)
        self._settled.set()
        connection = self._connection
        if connection is None or connection.is_closed or connection.is_closing:
            self._loop.stop()
        else:
            self._loop.call_later(_CLOSE_SECONDS, self._loop.stop)
            connection.close()

    def close(self) -> None:
        """End it in good order; returns when the broker has taken back what was not acknowledged."""
        with self._lock:
            if self.error is None:
                self._loop.add_callback_threadsafe(functools.partial(self.fail, BrokerUnavailable()))
        self._thread.join(2 * _CLOSE_SECONDS)

    def _main(self) -> None:
        error: BrokerError = BrokerUnavailable()
        try:
            self._connection = pika.SelectConnection(
                self.node,
                on_open_callback=self.guard(self._opened),
                on_open_error_callback=self._ended,
                on_close_callback=self._ended,
                custom_ioloop=self._loop,
            )
            self._loop.start()
        except Exception as caught:  # noqa: BLE001  # as in `guard`
            error = translate(caught)
        finally:
            self._connection = None
            self.fail(error)
            self._loop.close()

    def _opened(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(self.guard(lambda *_: self._owner.blocked(True)))
        connection.add_on_connection_unblocked_callback(self.guard(lambda *_: self._owner.blocked(False)))
        self._owner.opened(self, connection)
        heartbeat = connection.params.heartbeat  # as negotiated with the broker
        if isinstance(heartbeat, int) and heartbeat:
            self._watch(connection, heartbeat / 2, received=-1, silent=0)

    def _watch(self, connection: pika.SelectConnection, beat: float, *, received: int, silent: int) -> None:
        """The broker beats twice per heartbeat. pika's own check may need two heartbeats and ten seconds more."""
        now: int = connection.bytes_received  # type: ignore[attr-defined]  # missing in the stubs
        silent = silent + 1 if now == received else 0
        if silent > _SILENT_BEATS:
            self.fail(BrokerUnavailable())
        elif connection.is_open:
            self.later(beat, functools.partial(self._watch, connection, beat, received=now, silent=silent))

    def _ended(self, _connection: object, error: BaseException | str) -> None:
        """Called by pika after the connection has ended, whoever ended it."""
        self.fail(translate(error) if isinstance(error, BaseException) else BrokerUnavailable())
        self._loop.stop()
