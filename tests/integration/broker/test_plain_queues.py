"""Queues as a legacy system uses them: whole files in, results out."""

from kakehashi.ports.broker import Message
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.queue_sink import QueueSink
from kakehashi.runtime.queue_source import QueueSource, file_name
from kakehashi_simulators.demo.plain_queues import PlainQueues


def test_what_is_put_is_taken_and_what_is_delivered_is_found(tmp_path):
    """A file comes in under the name that was foretold; of results of one name the newest is given, others are kept."""
    url = f"local:{tmp_path / 'broker'}"
    broker, queues = plugin("brokers", "local")(url), PlainQueues(url)
    queues.put("levy", b"content")
    assert not queues.is_empty("levy")
    (file,) = QueueSource(broker, "levy").claim(1)
    assert file.name == file_name("levy", b"content")
    with file.open() as stream:
        assert stream.read() == b"content"
    file.finish()
    assert queues.is_empty("levy")

    sink = QueueSink(broker, "results")
    for name, content in (("a.RES", b"first"), ("b.RES", b"other"), ("a.RES", b"second")):
        sink.deliver(name, [content])
    broker.publish([Message(id="stranger", lane="results", body=b"x")])
    assert queues.result("results", "a.RES") == b"second"
    assert queues.result("results", "b.RES") == b"other"
    assert queues.result("results", "c.RES") is None
    queues.close()
    broker.close()
