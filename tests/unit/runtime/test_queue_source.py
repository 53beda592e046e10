"""A queue as a source, when somebody deletes it."""

from types import SimpleNamespace

import pytest

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable, FolderUnavailable
from kakehashi.ports.broker import Message
from kakehashi.runtime.gateway import GatewayProcess
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


@pytest.mark.parametrize("error", [BrokerMisconfigured("BRK-005"), FolderUnavailable()])
def test_a_source_that_fails_is_the_trouble_of_its_lane_alone(error):
    """The other lanes go on in the same round; only what concerns all of them ends the round."""
    told = []
    gateway = SimpleNamespace(trouble=lambda lane, error: told.append((lane, error.fault.code)))
    process = GatewayProcess(gateway, roles=())

    def fail(error):
        raise error

    assert process._guarded("tax-levy", lambda: fail(error)) == 0
    assert told == [("tax-levy", error.fault.code)]
    with pytest.raises(BrokerUnavailable):
        process._guarded("tax-levy", lambda: fail(BrokerUnavailable()))
