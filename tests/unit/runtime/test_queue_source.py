"""A queue as a source, when somebody deletes it."""

import pytest

from kakehashi.errors import BrokerMisconfigured
from kakehashi.ports.broker import Message
from kakehashi.runtime.queue_source import QueueSource
from kakehashi.testing.memory_broker import MemoryBroker


def test_a_deleted_queue_is_told_once_and_made_again():
    """The claim that finds it gone says so (BRK-005); the next one makes it, and files come in again."""
    broker = MemoryBroker()
    source = QueueSource(broker, "levy-files")
    assert source.claim(5) == []
    broker.queues.delete("levy-files")
    with pytest.raises(BrokerMisconfigured) as caught:
        source.claim(5)
    assert caught.value.fault.code == "BRK-005"
    assert source.claim(5) == []
    broker.publish([Message(id="a", lane="levy-files", body=b"a file")])
    (file,) = source.claim(5)
    assert file.open().read() == b"a file"
