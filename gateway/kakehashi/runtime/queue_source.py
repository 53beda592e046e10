"""Files that arrive as messages of a queue: a legacy system publishes whole files, plain, into `<queue>`.

The message is acknowledged only after spool and ledger have the file: the same guarantees as a folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO

from kakehashi.domain.batch import letters
from kakehashi.errors import BrokerMisconfigured
from kakehashi.ports.broker import Broker, Consumer, Delivery
from kakehashi.ports.files import Claim, SourceFile

__all__ = ["QueueSource", "file_name"]

_NO_WAIT = timedelta(0)


def file_name(queue: str, content: bytes) -> str:
    """By which a file that came through a queue is known: from its content, for a publisher's ids may hold anything."""
    return f"{queue}-{letters(hashlib.sha256(content).digest()[:8])}"


@dataclass(slots=True)
class QueueSource:
    """A Source over one queue of the broker; one at a time in hand, because a file may be large.

    What is released stays in hand: a broker counts what is given back, and takes it for poison after some times.
    """

    broker: Broker
    queue: str
    _consumer: Consumer | None = field(default=None, init=False)
    _released: list[SourceFile] = field(default_factory=list, init=False)

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._released.clear()

    def keep(self, file: SourceFile) -> None:
        """For the next claim."""
        self._released.append(file)

    def claim(self, most: int) -> list[SourceFile]:
        if self._released:
            return [self._released.pop()]
        if self._consumer is None:
            self.broker.declare([self.queue])
            self._consumer = self.broker.consume([self.queue], prefetch=1)
        try:
            deliveries = self._consumer.receive(min(most, 1), _NO_WAIT)
        except BrokerMisconfigured:  # somebody deleted the queue: the next claim makes it again
            self.close()
            raise
        return [_QueuedFile(self, self._consumer, delivery) for delivery in deliveries]


@dataclass(frozen=True, slots=True)
class _QueuedFile:
    source: QueueSource
    consumer: Consumer
    delivery: Delivery

    @property
    def name(self) -> str:
        return file_name(self.source.queue, self.delivery.message.body)

    @property
    def size(self) -> int:
        return len(self.delivery.message.body)

    @property
    def claim(self) -> Claim:
        """A message has no identity but its content; whether it came before, the broker says."""
        return Claim(self.name)

    @property
    def may_be_left_over(self) -> bool:
        return self.delivery.redelivered

    def open(self) -> BinaryIO:
        return BytesIO(self.delivery.message.body)

    def finish(self) -> None:
        self.consumer.acknowledge([self.delivery])

    def release(self) -> None:
        self.source.keep(self)

    def quarantine(self, code: str) -> None:
        self.consumer.bury(self.delivery, code)
