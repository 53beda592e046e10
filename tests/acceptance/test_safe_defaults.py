"""What an empty configuration does: the guarantees of the safe defaults as a running site shows them."""

import contextlib
import tomllib
import zlib

import pika
import pytest
from tests.acceptance.watching import eventually, links_settled, put
from tests.services.rabbitmq import connection, delete_queues, prefix_of

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.errors import BrokerMisconfigured
from kakehashi.ports.broker import Message
from kakehashi.runtime.bootstrap import plugin
from kakehashi_adapters.amqp.names import queue_name
from kakehashi_simulators.demo.run import started

pytestmark = [pytest.mark.xdist_group("safe-defaults"), pytest.mark.timeout(300)]

LANE = "tax-levy"
ADDRESSES = {"gateway": {"name", "agency", "test"}, "broker": {"url"}, "store": {"url"}, "keys": {"file"},
             "server": {"endpoint", "ca", "certificate", "key"},
             "registry": {"endpoint", "ca", "certificate", "key"}, "folders": {"spool", "exchange"}}  # fmt: skip


@pytest.fixture(scope="module")
def url(rabbitmq):
    return rabbitmq.queue_url()


@pytest.fixture(scope="module")
def run(tmp_path_factory, url):
    """A site on RabbitMQ that says who and where it is, and nothing else; its worker is gone, so work stays queued."""
    folder = tmp_path_factory.mktemp("safe-defaults") / "site"
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(started(folder, seed=39, scale=0.05, faults=False, broker=url))
        links_settled(run)
        run.processes.kill("worker")
        yield run
    delete_queues(url, [*run.configuration.routes, "urgent"])


@pytest.fixture(scope="module")
def levy(run):
    """One file, dropped and taken in: its bytes, and its row of the ledger when all its batches are queued."""
    (sample,) = run.manifest.lane(LANE)
    content = sample.path.read_bytes()
    put(run.drop_folder(LANE), "LEVY0001.DAT", content)

    def queued():
        rows = run.store.files(lane=LANE)
        return rows and all(row.state is BatchState.QUEUED for row in run.store.batches(rows[0].id)) and rows[0]

    return content, eventually(queued, what="the file in the queue")


@pytest.fixture
def waiting(url, levy):
    """The first message of the lane, looked at and given back."""
    with connection(url) as client:
        channel = client.channel()
        method, properties, body = channel.basic_get(queue_name(prefix_of(url), LANE, "new"))
        assert method is not None
        yield properties, body
        channel.basic_nack(method.delivery_tag, requeue=True)


def test_the_site_says_nothing_but_who_and_where(run):
    """Otherwise the tests below would be about its settings and not about the defaults."""
    with (run.site.config / "gateway.toml").open("rb") as file:
        said = tomllib.load(file)
    assert said.keys() <= ADDRESSES.keys()
    assert [table for table, keys in said.items() if not keys.keys() <= ADDRESSES[table]] == []


def test_bodies_are_sealed_in_the_broker_and_in_the_spool(run, levy, waiting):
    """Nothing of the file stands in the message, its headers, or the spool, compressed or not."""
    content, file = levy
    properties, body = waiting
    pieces = {content[at : at + 24] for at in range(0, len(content) - 24, 24)}
    stored = [path.read_bytes() for path in run.site.folder.glob("spool/**/*") if path.is_file()]
    assert stored
    assert _readable(b"prefix" + zlib.compress(content), pieces), "the search does not see a compressed body"
    assert file.records > 0
    for raw in (body, repr(properties.headers).encode(), *stored):
        assert raw
        assert not _readable(raw, pieces)


def _readable(raw, pieces):
    """Whether a piece stands in `raw`, or in what inflates from any of its bytes on."""
    texts = [raw]
    for at in range(len(raw)):
        for form in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
            with contextlib.suppress(zlib.error):
                texts.append(zlib.decompressobj(form).decompress(raw[at:]))
    return any(piece in text for text in texts for piece in pieces)


def test_messages_are_persistent_and_their_queues_durable(url, waiting):
    """Delivery mode 2 in a durable quorum queue: declared otherwise, the broker refuses."""
    properties, _ = waiting
    assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
    with connection(url) as client, pytest.raises(pika.exceptions.ChannelClosedByBroker):
        client.channel().queue_declare(queue_name(prefix_of(url), LANE, "new"), durable=False)


def test_waits_are_queues_of_the_broker(url, run):
    """Every delay step of a lane is a durable queue whose messages fall back into work."""
    with connection(url) as client:
        for seconds in (1, 5, 30, 120, 600, 3600):
            client.channel().queue_declare(queue_name(prefix_of(url), LANE, f"delay.{seconds}"), passive=True)


def test_a_message_without_a_queue_is_an_error(url, run):
    """Mandatory and confirmed: publishing into a lane that was never declared raises, and nothing is lost silently."""
    broker = plugin("brokers", "amqp")(url)
    try:
        with pytest.raises(BrokerMisconfigured):
            broker.publish([Message(id="a", lane="nowhere", body=b"x", headers={})])
    finally:
        broker.close()


def test_only_complete_files_are_taken(run, levy):
    """A file that still has its temporary name stays where it is; a later one that was renamed is taken."""
    content, _ = levy
    folder = run.drop_folder(LANE)
    (folder / ".LEVY0002.DAT.part").write_bytes(content[:900])
    (folder / "LEVY0002.DAT.tmp").write_bytes(content[:900])
    put(folder, "LEVY0003.DAT", content)
    eventually(lambda: run.refused_files()["LEVY0003.DAT"], what="the second delivery")
    assert (folder / ".LEVY0002.DAT.part").exists()
    assert (folder / "LEVY0002.DAT.tmp").exists()


def test_the_same_content_is_taken_once(run, levy):
    """Under another name it is refused with an event, and the ledger has one file."""
    content, file = levy
    put(run.drop_folder(LANE), "LEVY0004.DAT", content)
    eventually(lambda: run.refused_files()["LEVY0004.DAT"], what="the duplicate")
    assert [row.id for row in run.store.files(lane=LANE)] == [file.id]
    assert file.state is FileState.WORKING
