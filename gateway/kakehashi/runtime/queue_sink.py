"""Results that go back as messages of a queue: one a file, plain, in `<queue>.work`, with the file's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from kakehashi.domain.batch import content_id
from kakehashi.errors import BrokerMisconfigured
from kakehashi.ports.broker import AT_ONCE, Broker, Message

__all__ = ["QueueSink"]


@dataclass(slots=True)
class QueueSink:
    """A Sink over one queue. A result that is delivered again is another message with the same id: its reader takes the
    newest of a name, and one of an id.
    """

    broker: Broker
    queue: str
    _declared: bool = field(default=False, init=False)

    def deliver(self, name: str, chunks: Iterable[bytes]) -> None:
        """Returns when the broker has it for good. Raises BrokerError; then it is delivered again."""
        body = b"".join(chunks)
        if not self._declared:
            self.broker.declare([self.queue])
            self._declared = True
        message = Message(id=content_id(self.queue, name, body), lane=self.queue, body=body, headers={"file": name})
        try:
            self.broker.publish([message], delay=AT_ONCE)
        except BrokerMisconfigured:  # somebody deleted the queue: the next one makes it again
            self._declared = False
            raise

    def lying(self, names: Collection[str]) -> set[str]:  # noqa: ARG002  # of the port
        """Nobody can tell by name what stands in a queue."""
        return set()
