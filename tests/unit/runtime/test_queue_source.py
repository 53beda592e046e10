"""A queue as a source: when somebody deletes it, and when its files cannot be taken in for long."""

import pytest

from kakehashi.errors import BrokerMisconfigured
from kakehashi.ports.broker import Message
from kakehashi.runtime.queue_source import QueueSource
from kakehashi.testing.memory_broker import DELIVERY_LIMIT, MemoryBroker


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


def test_a_file_that_cannot_be_taken_for_long_is_kept_in_hand():
    """A disk that is full for hours: the message is not given back so often that the broker takes it for poison."""
    broker = MemoryBroker()
    source = QueueSource(broker, "levy-files")
    source.claim(1)
    broker.publish([Message(id=number, lane="levy-files", body=number.encode()) for number in ("a", "b")])
    for _ in range(3 * DELIVERY_LIMIT):
        (file,) = source.claim(5)
        assert (file.open().read(), file.may_be_left_over) == (b"a", False)
        file.release()
    (file,) = source.claim(5)
    file.finish()
    (file,) = source.claim(5)
    assert file.open().read() == b"b"
    file.release()
    source.close()
    (file,) = QueueSource(broker, "levy-files").claim(5)
    assert (file.open().read(), file.may_be_left_over) == (b"b", True)
