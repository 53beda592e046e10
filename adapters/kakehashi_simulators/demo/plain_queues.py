"""Queues whose messages are whole files, as a legacy system uses them instead of a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from kakehashi.domain.batch import content_id
from kakehashi.ports.broker import Broker, Message
from kakehashi.runtime.addresses import scheme
from kakehashi.runtime.bootstrap import plugin

__all__ = ["PlainQueues"]

_MOST = 100
_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class PlainQueues:
    """Those of the broker at `url`; connected when the first one is used."""

    url: str
    _broker: Broker | None = field(default=None, init=False)
    _results: dict[tuple[str, str], bytes] = field(default_factory=dict, init=False)
    """What was taken out of queues of results, by queue and name."""

    def put(self, queue: str, content: bytes) -> None:
        broker = self._connected()
        broker.declare([queue])
        broker.publish([Message(id=content_id(queue, "file", content), lane=queue, body=content)])

    def is_empty(self, queue: str) -> bool:
        broker = self._connected()
        broker.declare([queue])
        return broker.depth(queue) == 0

    def result(self, queue: str, name: str) -> bytes | None:
        """The newest result of that name that has come, taken out of the queue with all others."""
        broker = self._connected()
        broker.declare([queue])
        with broker.consume([queue], prefetch=_MOST) as consumer:
            while deliveries := consumer.receive(_MOST, _SECOND):
                bodies = {(queue, str(each.message.headers.get("file"))): each.message.body for each in deliveries}
                self._results |= bodies
                consumer.acknowledge(deliveries)
        return self._results.get((queue, name))

    def close(self) -> None:
        if self._broker is not None:
            self._broker.close()

    def _connected(self) -> Broker:
        if self._broker is None:
            self._broker = plugin("brokers", scheme(self.url))(self.url)
        return self._broker
